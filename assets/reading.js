// Where the reader was, what she has read to its end, and how many of a page's targets she has reached and questions
// answered: kept in this browser alone, and forgotten when she says so.
(() => {
  "use strict"
  const KEY = "gdcourse:reading"
  const page = typeof DOCUMENTATION_OPTIONS === "undefined" ? "" : DOCUMENTATION_OPTIONS.pagename
  if (!page) return
  const blank = () => ({ last: null, read: [], done: {} })
  function kept() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY))
      if (!Array.isArray(found?.read)) return blank()
      const done = Object.entries(found.done ?? {}).filter(([, one]) => Array.isArray(one?.met) && one.met.length && one.of >= one.met.length)
      return { ...found, done: Object.fromEntries(done) }
    } catch {
      return blank()  // no store, or no text of ours: the page works without
    }
  }
  function keep(change) {
    try {
      const now = kept()
      change(now)
      localStorage.setItem(KEY, JSON.stringify(now))
    } catch { /* a browser without storage remembers nothing */ }
  }

  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href).href
  const address = (name, anchor) => `${root}${name}.html${anchor ? `#${anchor}` : ""}`

  // At each page of the sidebar: a tick if it has been read, and how much of it has been done.
  function mark() {
    const { read, done } = kept()
    const ended = new Set(read.map((name) => address(name)))
    const counts = new Map(Object.entries(done).map(([name, one]) => [address(name), one]))
    for (const link of document.querySelectorAll("nav.bd-links a.internal")) {
      const to = link.href.split("#")[0], count = counts.get(to)
      link.querySelector(".gd-marks")?.remove()
      link.classList.toggle("gd-read", ended.has(to))
      if (!count && !ended.has(to)) continue
      const said = [ended.has(to) && "read", count && `${count.met.length} of ${count.of} figures and questions done`]
      const marks = Object.assign(document.createElement("span"), { className: "gd-marks" })
      if (count) marks.append(Object.assign(document.createElement("span"), { ariaHidden: "true", textContent: ` ${count.met.length}/${count.of}` }))
      marks.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: ` (${said.filter(Boolean).join(", ")})` }))
      link.append(marks)
    }
  }
  mark()
  addEventListener("storage", (event) => event.key === KEY && mark())

  const article = document.querySelector("article.bd-article")
  const title = article?.querySelector("h1")
  const words = (heading) => {
    const copy = heading.cloneNode(true)
    for (const one of copy.querySelectorAll(".headerlink, .section-number, .katex-html")) one.remove()
    return copy.textContent.trim().replace(/\s+/g, " ")
  }

  // The front page offers the way back.
  const offer = document.querySelector(".gd-continue")
  const last = kept().last
  if (offer && typeof last?.page === "string" && /^[\w/-]+$/.test(last.page)) {
    const said = [...offer.childNodes]
    const link = Object.assign(document.createElement("a"), {
      href: address(last.page, /^[\w-]+$/.test(last.anchor ?? "") ? last.anchor : ""),
      textContent: `Continue where you were: ${[last.title, last.heading].filter(Boolean).join(", ")}`,
    })
    const forget = Object.assign(document.createElement("button"), { type: "button", className: "gd-forget", textContent: "Forget" })
    forget.title = "Forget where I was and what I have read"
    forget.addEventListener("click", () => {
      try {
        localStorage.removeItem(KEY)
      } catch { /* nothing was kept */ }
      offer.replaceChildren(...said)
      mark()
    })
    offer.replaceChildren(link, " ", forget)
  }

  // A live figure whose target is reached, or a question that is answered rightly, says so by a class of its sentence.
  const hosts = [...document.querySelectorAll("article .gdw-host")]
  const reached = new MutationObserver((changes) => {
    const names = new Set(changes.map(({ target }) => target.closest(".gdw-host:has(.gdw-met)")?.dataset.widget).filter(Boolean))
    const known = new Set(kept().done[page]?.met)
    if ([...names].every((name) => known.has(name))) return
    keep((now) => { now.done[page] = { of: hosts.length, met: [...new Set([...known, ...names])] } })
    mark()
  })
  for (const host of hosts) reached.observe(host, { subtree: true, childList: true, attributeFilter: ["class"] })

  // Chapters and assignments are read; other pages are looked things up in.
  if (!title || !(title.querySelector(".section-number") || page.startsWith("exercises/"))) return
  const headings = [...article.querySelectorAll("section[id] > h2")]
  function note() {
    const above = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3).at(-1)
    const end = article.getBoundingClientRect().bottom <= innerHeight + 80
    keep((now) => {
      now.last = { page, title: words(title), anchor: above?.parentElement.id ?? "", heading: above ? words(above) : "" }
      if (end && !now.read.includes(page)) now.read.push(page)
    })
    if (end) mark()
  }
  let waiting = null
  addEventListener("scroll", () => { waiting ??= setTimeout(() => { waiting = null; note() }, 400) }, { passive: true })
  addEventListener("pagehide", note)
  addEventListener("load", () => setTimeout(note, 0))
})()
