// The editor that a reader writes Python in, made of CodeMirror 6. `python _ext/vendor_python.py` bundles it.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete"
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands"
import { python } from "@codemirror/lang-python"
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language"
import { EditorState, Prec } from "@codemirror/state"
import { EditorView, drawSelection, highlightActiveLine, keymap } from "@codemirror/view"
import { classHighlighter } from "@lezer/highlight"

// Put an editor into `parent`. keys: {"Shift-Enter": function}. Returns {text(), set(text), select(at), focus()}.
globalThis.gdcourseEditor = (parent, text, label, changed, keys) => {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of(Object.entries(keys).map(([key, run]) => ({ key, run: () => (run(), true) })))),
        history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(),
        indentUnit.of("    "), python(), syntaxHighlighting(classHighlighter),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ "aria-label": label, autocapitalize: "off", spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && changed(view.state.doc.toString())),
      ],
    }),
  })
  return {
    text: () => view.state.doc.toString(),
    set: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    select: (at) => view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) } }),
    focus: () => view.focus(),
  }
}
