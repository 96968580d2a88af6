// A question: choices or a number, and the sentence that belongs to the answer.

import { h, unique } from "./dom.js";
import { sentence, session } from "./session.js";
import { RULES } from "./rules.js";

// 0.37, 0,37, 3.7e-1 or 37 %, but not 1,000, which is a thousand to one and one to another.
const NUMBER = /^(?![-+]?[1-9]\d{0,2},\d{3}(?!\d))([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(%?)$/;
const NATIVE = "all: revert; font: inherit; accent-color: var(--gdw-path); margin: 0 10px 0 0; flex: none;";
const OPTION = "display: flex; align-items: baseline; gap: 0; padding: 5px 0; white-space: normal; cursor: pointer;";

// Whoever keeps answers hears of each that a reader gives: { key, right }.
const answered = (el, detail) => el.dispatchEvent(new CustomEvent("gdcourse:answer", { bubbles: true, detail }));

export function render({ model, el, page, python }) {
  const content = model.get("content");
  const variants = [content, ...content.more];
  const words = sentence();
  const name = unique("question");

  const judge = ({ which, given }) => {
    const { says, labels, numbers, tolerances } = variants[which];
    if (labels) return labels.indexOf(given);
    const [, digits, percent] = given.trim().replace("−", "-").match(NUMBER) ?? [];
    const value = Number(digits?.replace(",", ".")) / (percent ? 100 : 1);
    if (!Number.isFinite(value)) return -1;
    let found = says.length - 1;
    let least = Infinity;
    numbers.forEach((wanted, k) => {
      const miss = Math.abs(value - wanted);
      if (RULES.near(value, wanted, tolerances[k]) === 1 && miss < least) [found, least] = [k, miss];
    });
    return found;
  };
  const draw = () => {
    const { verdict } = story.run;
    words.node.classList.toggle("gdw-met", verdict === 0);
    const nothing = story.state.given === "" ? "" : "A number is wanted, such as 0.25 or 25 %.";
    words.say(verdict < 0 ? nothing : `${verdict === 0 ? "Yes." : "No."} ${variants[story.state.which].says[verdict]}`);
    fill();
  };
  const story = session(
    { model, page, python },
    {
      domains: {
        which: [0, variants.length - 1, 1],
        given: (value, { which }) => variants[which].labels?.includes(value) ?? true,
      },
      compute: (state) => ({ status: "judged", verdict: judge(state) }),
      numbers: ({ verdict }) => [verdict],
      revive: ([[verdict]], status) => ({ status, verdict }),
      changed: () => draw(),
    },
  );
  const give = (given) => {
    story.change({ given });
    if (story.run.verdict >= 0) answered(el, { key: content.key, right: story.run.verdict === 0 });
  };

  // What another draw changes: the question, and its choices.
  const legend = h("legend", { "aria-live": "polite", style: "all: revert; padding: 0; margin: 0 0 6px; font-size: 15px;" });
  const field = h("fieldset", { style: "all: revert; border: 0; margin: 0; padding: 0; min-width: 0;" }, legend);
  const another = variants.length > 1
    ? h("button", { type: "button", style: "flex: none;", click: () => story.change({ which: (story.state.which + 1) % variants.length, given: "" }) }, "Another one")
    : null;
  const row = h("div", { style: "display: flex; flex-wrap: wrap; align-items: center; gap: 8px;" });
  let asked = null;
  let radios = [];
  let box = null;
  if (!content.labels) {
    const id = unique("number");
    const style = `${NATIVE} margin: 0; width: 9em; height: 32px; padding: 0 8px; color: inherit; background: none; border: 1px solid var(--gdw-quiet); border-radius: 4px;`;
    box = h("input", { type: "text", inputmode: "decimal", id, autocomplete: "off", style, keydown: (event) => event.key === "Enter" && give(box.value) });
    const check = h("button", { type: "button", style: "flex: none;", click: () => give(box.value) }, "Check");
    row.append(h("label", { for: id }, variants.length > 1 ? "Your number, to three digits" : "Your number"), box, check);
  }
  if (another) row.append(another);
  if (row.firstChild) field.append(row);
  const fill = () => {
    const { which, given } = story.state;
    const { prompt, labels } = variants[which];
    if (asked !== which) {
      asked = which;
      legend.textContent = prompt;
      radios.forEach((radio) => radio.parentElement.remove());
      radios = [...(labels ?? [])].sort().map((label) => h("input", { type: "radio", name, value: label, style: NATIVE, change: () => give(label) }));
      legend.after(...radios.map((radio) => h("label", { style: OPTION }, radio, radio.value)));
    }
    radios.forEach((radio) => (radio.checked = radio.value === given));
    if (box && document.activeElement !== box) box.value = given;
  };
  words.node.style.cssText = "margin: 8px 0 0; min-height: 1.5em;";
  story.node.style.margin = "0";
  el.append(field, words.node, story.node);
  story.open();
  return () => story.close();
}
