// The search page: every section, term, name, exercise, equation and figure of the book, ranked. Titles come first; what
// is left is decided by how rare the words are and how often they stand there. Nothing is asked of any server.
(() => {
  "use strict"
  const field = document.querySelector(".gd-search input[name=q]")
  const results = document.getElementById("search-results"), status = document.getElementById("search-status")
  if (!field || !results || typeof gdcourseText === "undefined") return
  const stemmer = new Stemmer()
  const stems = new Map()
  const SMALL = new Set("a an and are as at be but by for from how in is it its of on or that the to what when where which who why with you your".split(" "))

  // Words as they are compared: without accents and endings, in one spelling; numbers such as 5.5 stay whole.
  function stem(word) {
    if (!stems.has(word)) {
      const plain = word.replace(/is(e|ed|er|ers|es|ing|ation|ations)$/, "iz$1").replace(/our$/, "or")
      stems.set(word, /^\d/.test(word) ? word : stemmer.stemWord(plain))
    }
    return stems.get(word)
  }
  const split = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/\d+(?:\.\d+)*|[\p{L}\d]+/gu) ?? []
  const parts = (text) => split(text.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/_/g, " "))
  const words = (text) => {
    const found = parts(text), telling = found.filter((word) => !SMALL.has(word))
    return (telling.length ? telling : found).map(stem)
  }

  // What a page is for decides between equals.
  const WORTH = [[/^chapters\/api/, 0.12], [/^exercises\//, 0.3], [/^chapters\/glossary$/, 0.3],
    [/^chapters\/(evidence|concepts|common-mistakes|gallery|bibliography|confusion|grading-guide|how-it-was-built)$/, 0.3]]
  const entries = []
  for (const [page, sections] of gdcourseText) {
    const worth = sections[0]?.[2] ? 1 : WORTH.find(([kind]) => kind.test(page))?.[1] ?? 0.5
    const whole = sections.map(([title, , , text]) => `${title} ${text}`).join(" ")
    sections.forEach(([title, anchor, number, text], at) => {
      entries.push({ page, anchor, number, text, worth, at, title, name: [number && !title.includes(number) ? `${number}.` : "", title].join(" ").trim(),
        inTitle: words(`${title} ${number}`), inText: words(at ? text : whole), pageTitle: sections[0][0], pageNumber: sections[0][2] })
    })
  }
  const holders = new Map()  // {a word: in how many entries it stands}
  let all = 0
  for (const entry of entries) {
    entry.count = new Map()
    for (const word of entry.inText) entry.count.set(word, (entry.count.get(word) ?? 0) + 1)
    for (const word of new Set([...entry.inTitle, ...entry.count.keys()])) holders.set(word, (holders.get(word) ?? 0) + 1)
    all += entry.inText.length
  }
  const usual = all / entries.length
  const known = [...holders.keys()]

  const joined = (list) => ` ${list.join(" ")} `
  // Returns the entries that hold every word, the best first: [{ entry, score }].
  function rank(query) {
    const asked = words(query)
    if (!asked.length) return []
    // A word that is not in the book may be the beginning of one that is.
    const wanted = asked.map((word) => holders.has(word) || word.length < 3 ? [word] : [word, ...known.filter((one) => one.startsWith(word))])
    const phrase = joined(asked)
    const found = []
    for (const entry of entries) {
      let score = 0
      const whole = wanted.every((some) => {
        let best = 0
        for (const word of some) {
          const rare = Math.log(1 + entries.length / (holders.get(word) ?? entries.length))
          const often = entry.count.get(word) ?? 0
          const length = 0.4 + 0.6 * entry.inText.length / usual
          const here = (entry.inTitle.includes(word) ? 4 + 6 / entry.inTitle.length : 0) + 2 * often / (often + length)
          best = Math.max(best, rare * here)
        }
        score += best
        return best > 0
      })
      if (!whole) continue
      const title = joined(entry.inTitle)
      if (title.includes(phrase)) score *= 1.6
      if (entry.title.toLowerCase().includes(query.trim().toLowerCase())) score *= 1.3  // to the letter
      if (title.trim() === phrase.trim()) score *= 1.3
      if (joined(entry.inText).includes(phrase)) score *= 1.2
      if (!entry.at) score *= 1.5  // a page about it, before a section
      found.push({ entry, score: score * entry.worth })
    }
    return found.sort((a, b) => b.score - a.score)
  }

  // The pages, each with its best places: [{ page, title, places: [entry] }].
  function search(query) {
    const pages = new Map()
    for (const { entry, score } of rank(query)) {
      if (!pages.has(entry.page)) pages.set(entry.page, { page: entry.page, entry, score: 0, places: [] })
      const page = pages.get(entry.page)
      page.score += score / (1 + page.places.length) ** 1.5
      page.places.push(entry)
    }
    return [...pages.values()].sort((a, b) => b.score - a.score)
  }

  const make = (name, className, ...children) => {
    const made = document.createElement(name)
    if (className) made.className = className
    made.append(...children)
    return made
  }

  // Some words around the first place where most of what was asked stands.
  function snippet(entry, asked) {
    const text = entry.text, tokens = [...text.matchAll(/[\p{L}\d][\p{L}\d.]*/gu)]
    const hit = (token) => parts(token[0]).some((word) => asked.has(stem(word)))
    const places = tokens.filter(hit).map((token) => token.index)
    let start = 0, most = 0
    for (const place of places) {
      const near = places.filter((other) => other >= place && other < place + 160).length
      if (near > most) [start, most] = [place, near]
    }
    let from = Math.max(0, text.lastIndexOf(". ", start) + 1)
    if (start - from > 90) from = text.indexOf(" ", start - 60)
    let to = from + 190 < text.length ? text.lastIndexOf(" ", from + 190) : text.length
    if (to <= from) to = text.length
    const box = make("p", "gd-search-text", from ? "… " : "")
    let at = from
    for (const token of tokens) {
      if (token.index < from || token.index >= to || !hit(token)) continue
      box.append(text.slice(at, token.index), make("mark", "", token[0]))
      at = token.index + token[0].length
    }
    box.append(text.slice(at, to).trimEnd(), to < text.length ? " …" : "")
    return box
  }

  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href).href
  function link(entry, text) {
    const made = make("a", "", text)
    made.href = `${root}${entry.page}.html${entry.anchor ? `#${entry.anchor}` : ""}`
    return made
  }

  const SHOWN = 3
  function show(query) {
    const found = search(query), asked = new Set(words(query))
    results.replaceChildren(...found.slice(0, 20).map(({ entry, page, places }) => {
      const front = { page, anchor: "", title: entry.pageTitle }
      const item = make("li", "", make("h2", "", link(front, [entry.pageNumber && `${entry.pageNumber}.`, entry.pageTitle].filter(Boolean).join(" "))))
      const rest = places.filter((one) => one.at).slice(0, SHOWN)
      for (const place of rest) item.append(make("h3", "", link(place, place.name)), snippet(place, asked))
      if (!rest.length) item.append(snippet(places[0], asked))
      return item
    }))
    const many = found.length
    status.textContent = !query.trim() ? "" : many === 0 ? `Nothing in the book matches “${query}”. Try fewer words, or another spelling.`
      : `${many} ${many === 1 ? "page" : "pages"}${many > 20 ? ", of which the first 20 are shown" : ""}`
  }

  globalThis.gdcourseSearch = search
  field.value = new URLSearchParams(location.search).get("q") ?? ""
  show(field.value)
  field.focus({ preventScroll: true })
  let waiting = null
  field.addEventListener("input", () => {
    clearTimeout(waiting)
    waiting = setTimeout(() => {
      show(field.value)
      if (location.protocol !== "file:") history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`)
    }, 150)
  })
})()
