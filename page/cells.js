// The cells of a page: each can be opened, changed, run and set back.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made) made[key] = value
    else made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

function button(text, pressed, more = {}) {
  return element("button", { type: "button", className: "gd-button", onclick: pressed, ...more }, text)
}

// What the page's cells are. A chapter fetches them with the first press of a button; an assignment has them at once.
async function cells() {
  const name = DOCUMENTATION_OPTIONS.pagename.replaceAll("/", "__")
  if (!globalThis.gdcoursePage) await load(`${BASE}pages/${name}.js?v=${document.documentElement.dataset.cells}`)
  return globalThis.gdcoursePage
}

// A box for Python: a plain field at once, the editor as soon as it is touched.
function editor(text, label, changed, keys) {
  const field = element("textarea", {
    value: text, rows: rows(text), spellcheck: false, autocapitalize: "off", ariaLabel: label,
    autocomplete: "off",  // or a browser that comes back to the page puts the texts into other boxes
  })
  const host = element("div", { className: "gd-editor" }, field)
  let rich = null
  host.addEventListener("keydown", (event) => event.stopPropagation())  // or the book takes / for a wish to search it
  field.addEventListener("input", () => {
    field.rows = rows(field.value)
    changed(field.value)
  })
  field.addEventListener("keydown", (event) => {
    const name = [event.shiftKey && "Shift", (event.ctrlKey || event.metaKey) && "Mod", event.key].filter(Boolean).join("-")
    if (keys[name]) {
      event.preventDefault()
      keys[name]()
    }
  })
  field.addEventListener("focus", async () => {
    try {
      await load(new URL("codemirror.js", SCRIPT).href)
    } catch {
      return  // the plain field does as well
    }
    if (rich) return
    const at = field.selectionStart, focused = document.activeElement === field
    field.remove()
    rich = globalThis.gdcourseEditor(host, field.value, label, changed, keys)
    Object.assign(host.querySelector(".cm-content"), {
      tabIndex: 0,  // it is reached with Tab in any case; this says so
      ariaDescription: "Escape and then Tab leaves this box.",
    })
    rich.select(at)
    if (focused) rich.focus()
  }, { once: true })
  return {
    host,
    text: () => (rich ? rich.text() : field.value),
    set(next) {
      if (rich) rich.set(next)
      else {
        field.value = next
        field.rows = rows(next)
      }
    },
    focus: () => (rich ?? field).focus(),
  }
}

// What a cell shows as HTML, without anything in it that runs.
function harmless(html) {
  const body = new DOMParser().parseFromString(html, "text/html").body
  for (const one of body.querySelectorAll("script, iframe, object, embed, form, link, meta, base")) one.remove()
  for (const one of body.querySelectorAll("*")) {
    for (const { name, value } of [...one.attributes]) {
      if (name.startsWith("on") || /^\s*(javascript|data):/i.test(value)) one.removeAttribute(name)
    }
  }
  return element("div", {}, ...body.childNodes)
}

// What the texts of some cells come to: a check is about these.
function fingerprint(texts, numbers) {
  return hash(numbers.map((number) => texts[number]).join("\n"))
}

function rows(text) {
  return Math.min(Math.max(text.split("\n").length, 3), 30)
}

// What is wider than its place can be scrolled by keyboard, too.
function reachable(place) {
  const wide = place.scrollWidth > place.clientWidth
  for (const [key, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "What came out"]]) {
    if (wide) place.setAttribute(key, value)
    else place.removeAttribute(key)
  }
}

const boxes = new Map()  // {a cell's number: its box}

// A line beside a box that says what a reader should know of it, with buttons for what can be done about it.
function line() {
  const host = element("div", { className: "gd-notice", role: "status", hidden: true })
  return {
    host,
    shows: (text) => !host.hidden && host.firstChild.data === text,
    tell(text, ...buttons) {
      host.replaceChildren(text, " ", ...buttons)
      host.hidden = false
    },
    hide() {
      host.hidden = true
    },
  }
}

// Keep a text, or none; where that is not possible, say so beside the box, and offer to save it to a file.
function keep(key, value, beside, savedToFile) {
  if (value) store.set(key, value)
  else store.drop(key)
  if (!store.problem()) beside.hide()
  else if (!beside.shows(store.problem())) {  // while someone types, once is enough
    beside.tell(store.problem(), button("Save to a file", savedToFile))
  }
}

// A cell's box. host: the cell in the page, or a place for one; number: the cell's, or with `below` that of the last
// cell above; key: what its text is kept under; file: what it is called as a file; checks: the exercises that it can be
// checked for.
function cellBox(host, number, { key, label, file, checks = [], below = false }) {
  const shown = below ? null : host.querySelector("pre")
  const began = shown ? shown.textContent.replace(/\n$/, "") : ""
  const version = hash(began)
  const frame = shown?.closest(".cell_input, .highlight-python, .highlight-ipython3") ?? shown
  let kept = store.get(key)
  if (typeof kept?.text !== "string") kept = null
  let busy = false, field = null

  const status = element("span", { className: "gd-status", role: "status" })
  const wait = element("progress", { className: "gd-wait", hidden: true, ariaLabel: "Python is at work" })
  const spoken = element("p", { className: "gd-spoken", role: "status" })
  const out = element("div", { className: "gd-out" })
  const notice = line(), unkept = line()
  const stop = button("Stop", () => engine.stop(), { hidden: true })
  const run = button("Run", () => act("run"), { title: "Run this cell and those it needs (Shift+Enter)" })
  const check = checks.map((exercise) => button(checks.length > 1 ? `Check ${exercise.names[0]}` : "Check", () => act("check", exercise)))
  const reset = button("Reset", () => change(began), { title: "Back to the text that the page came with" })
  const bar = element("div", { className: "gd-bar" }, run, ...check, stop, reset, files(), wait, status, spoken)
  const box = {
    host,
    text: () => field?.text() ?? began,
    put(text) {
      open()
      field.set(text)
      remember(text)
    },
    open, act,
    // Show a verdict that came earlier, on this text or on another.
    show(verdict, places, old) {
      out.replaceChildren(...(old ? [changed()] : []), verdictBox(verdict, places))
    },
  }

  function changed() {
    return element("p", { className: "gd-quiet gd-old" }, "The code has changed since this came.")
  }

  function remember(text) {
    kept = { text, version }
    keep(key, text === began ? null : kept, unkept, savedToFile)
    if (out.childNodes.length && !out.querySelector(".gd-old")) out.prepend(changed())
    document.dispatchEvent(new CustomEvent("gdcourse-changed", { detail: number }))
  }

  function change(text) {
    const before = box.text()
    if (text === before) return
    box.put(text)
    notice.tell("Changed.", button("Take it back", () => {
      notice.hide()
      box.put(before)
    }))
  }

  function savedToFile() {
    save(file, box.text(), "text/x-python")
  }

  function files() {
    const chosen = element("input", { type: "file", accept: ".py,.txt,text/*", hidden: true })
    chosen.addEventListener("change", async () => {
      try {
        change(await textOf(chosen.files[0]))
      } catch (error) {
        notice.tell(error.message)
      }
      chosen.value = ""
    })
    return element("details", { className: "gd-file" }, element("summary", {}, "File"),
      button("Save to a file", savedToFile), button("Load from a file", () => chosen.click()), chosen)
  }

  function open() {
    if (field) return
    field = editor(kept?.text ?? began, label, remember, { "Shift-Enter": () => act("run"), "Mod-Enter": () => act("run") })
    if (frame) frame.hidden = true
    const parts = [field.host, unkept.host, notice.host, bar, out]
    if (frame) frame.after(...parts)
    else host.append(...parts)
    if (kept && kept.version !== version) {
      notice.tell("This part has changed since you wrote this. Your text is kept as it was.",
        button("Show the new beginning", () => out.replaceChildren(element("pre", {}, began))))
    }
  }

  // Run the cell or check a function; resolves to whether it came to its end.
  async function act(what, exercise) {
    if (busy) return true
    open()
    busy = true
    const pressed = document.activeElement
    stop.hidden = wait.hidden = false
    if ([run, ...check].includes(pressed)) stop.focus()
    for (const one of [run, ...check]) one.disabled = true
    out.replaceChildren()
    status.textContent = "Starting"
    spoken.textContent = ""
    let whole = true, begun = false
    const follow = (one) => {
      begun ||= one.kind === "begun"
      hear(one)
    }
    try {
      const data = await cells()
      const texts = data.cells.map((text, n) => boxes.get(n)?.text() ?? text)
      const message = below ? { cells: [...texts.slice(0, number + 1), box.text()], number: number + 1 } : { cells: texts, number }
      if (what === "check") Object.assign(message, { ps: data.ps, names: exercise.names })
      const result = await engine.ask(what, message, follow)
      if (what === "check" && result !== "failed") {
        out.append(verdictBox(result, data.places))
        spoken.textContent = inOneLine(result)
        const text = fingerprint(message.cells, result.needed)
        document.dispatchEvent(new CustomEvent("gdcourse-checked", { detail: { exercise, result, text } }))
      } else if (result === "failed") spoken.textContent = out.lastChild?.textContent ?? ""
      else if (!out.childNodes.length) {
        out.append(element("p", { className: "gd-quiet" }, spoken.textContent = "It ran, and had nothing to show."))
      } else spoken.textContent = "It ran."
    } catch (error) {
      const said = error === STOPPED ? `Stopped${begun ? "" : " before it began"}. ${error.message}` : error.message
      out.append(element("p", { className: "gd-error" }, spoken.textContent = said))
      whole = error !== STOPPED
    }
    busy = false
    reachable(out)
    wait.hidden = true
    status.textContent = ""
    for (const one of [run, ...check]) one.disabled = false
    if (document.activeElement === stop) (pressed === stop ? run : pressed).focus()
    stop.hidden = true
    return whole
  }

  function hear(one) {
    if (one.kind === "step" || one.kind === "begun") status.textContent = one.text
    else if (one.kind === "again") out.replaceChildren()
    else if (one.kind === "text") {
      if (out.lastChild?.className !== "gd-text") out.append(element("pre", { className: "gd-text" }))
      out.lastChild.append(one.text)
    } else if (one.kind === "figure" || one.kind === "html") out.append(harmless(one.html))
    else out.append(element("pre", { className: "gd-error" }, one.text))
  }

  store.watch(key, (before, after) => {
    const theirs = after?.text ?? began, mine = box.text()
    if (theirs === mine) return
    if (mine === (before?.text ?? began)) {
      kept = after
      field?.set(theirs)
      document.dispatchEvent(new CustomEvent("gdcourse-changed", { detail: number }))
    } else notice.tell("Another tab has changed this part.", button("Take its text", () => change(theirs)))
  })

  if (!below) boxes.set(number, box)
  return box
}
