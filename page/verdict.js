// A verdict as HTML, in the report's own words: what is right, what is not, why, where the book says it, the case.

function verdictBox(verdict, places) {
  const { ladder } = verdict
  const [points, rest] = inOneLine(verdict).split(/(?= for )/)
  const sum = element("p", { className: "gd-sum" }, element("strong", {}, points), rest)
  const list = element("ul", { tabIndex: -1 })
  let rung
  const more = button("Say more", () => {
    rung += 1
    tell()
    list.focus()
  })
  function tell() {
    list.replaceChildren(...ladder[rung].map((row) => element("li", { className: row.passed ? "gd-ok" : "gd-no" },
      element("span", { className: "gd-mark" }, row.passed ? "right" : "not yet"),
      element("div", {}, ...linked(row, places), ...(row.case ? [caseTable(row.case)] : [])))))
    more.hidden = rung === ladder.length - 1 || ladder[rung].every((row) => row.passed)
  }
  function begin() {
    rung = Math.min(firstHint, ladder.length) - 1
    tell()
  }
  begin()
  const box = element("div", { className: "gd-verdict" }, sum, list, more)
  box.addEventListener("gdcourse-hint", begin)
  return box
}

// How much a check says at first, from the smallest case alone to all that is known: the reader's choice.
const HINTS = ["only the smallest case", "also what kind of fault it is", "all that is known"]
let firstHint = HINTS.length

function hintChoice() {
  const select = element("select", {}, ...HINTS.map((text, n) => element("option", { value: n + 1 }, text)))
  const choose = (hint) => {
    if (!HINTS[hint - 1]) return
    select.value = firstHint = hint
    for (const one of document.querySelectorAll(".gd-verdict")) one.dispatchEvent(new Event("gdcourse-hint"))
  }
  choose(store.get("hint") ?? HINTS.length)
  select.addEventListener("change", () => {
    choose(Number(select.value))
    store.set("hint", firstHint)
  })
  store.watch("hint", (before, after) => choose(after))
  return element("label", { className: "gd-hints" }, "Where something is not right yet, say ", select)
}

function inOneLine({ ladder, points, of, name }) {
  const rows = ladder.at(-1), right = rows.filter((row) => row.passed).length
  const counts = right < rows.length ? `${right} right, ${rows.length - right} not` : "all right"
  return `${points} of ${of} points for ${name}: ${counts}.`
}

// The line's text, with the equation it names made a link to its place in the book.
function linked(row, places) {
  const [name, address] = places[row.place] ?? ["", ""]
  const at = name && address ? row.text.lastIndexOf(name) : -1
  if (at < 0) return [row.text]
  return [row.text.slice(0, at), element("a", { href: address }, name), row.text.slice(at + name.length)]
}

function caseTable({ case: parts, yours, expected }) {
  const rows = parts.map((part) => {
    const at = part.indexOf(" = ")
    return at < 0 ? ["", part] : [part.slice(0, at), part.slice(at + 3)]
  })
  if (yours) rows.push(["yours", yours])
  if (expected) rows.push(["expected", expected])
  return element("table", { className: "gd-case" }, element("caption", {}, "The smallest case that shows it"),
    element("tbody", {}, ...rows.map(([name, value]) => element("tr", {},
      element("th", { scope: "row" }, name), element("td", {}, element("code", {}, value))))))
}
