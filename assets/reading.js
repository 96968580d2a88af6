// Where the reader was, and what she has read to its end: kept in this browser alone, and forgotten when she says so.
(() => {
  "use strict"
  const KEY = "gdcourse:reading"
  const page = typeof DOCUMENTATION_OPTIONS === "undefined" ? "" : DOCUMENTATION_OPTIONS.pagename
  if (!page) return
  const blank = () => ({ last: null, read: [] })
  function kept() {
    try {
      const found = JSON.parse(localStorage.getItem(KEY))
      return Array.isArray(found?.read) ? found : blank()
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

  // A tick at each page of the sidebar that has been read.
  function mark() {
    const read = new Set(kept().read.map((name) => address(name)))
    for (const link of document.querySelectorAll("nav.bd-links a.internal")) {
      const done = read.has(link.href.split("#")[0])
      if (done === link.classList.contains("gd-read")) continue
      link.classList.toggle("gd-read", done)
      if (done) link.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: " (read)" }))
      else link.querySelector(".visually-hidden")?.remove()
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
