// A verdict as HTML, in the report's own words: what is right, what is not, why, where the book says it, the case.

function verdictBox(verdict, places) {
  const [points, rest] = inOneLine(verdict).split(/(?= for )/)
  const sum = element("p", { className: "gd-sum" }, element("strong", {}, points), rest)
  const lines = verdict.rows.map((row) => element("li", { className: row.passed ? "gd-ok" : "gd-no" },
    element("span", { className: "gd-mark" }, row.passed ? "right" : "not yet"),
    element("div", {}, ...linked(row, places), ...(row.case ? [caseTable(row.case)] : []))))
  return element("div", { className: "gd-verdict" }, sum, element("ul", {}, ...lines))
}

function inOneLine({ rows, points, of, name }) {
  const right = rows.filter((row) => row.passed).length
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
