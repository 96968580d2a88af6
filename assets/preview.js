// What a link leads to, shown beside it: equations, figures, exercises, works, words of the glossary. A pointer that
// rests on the link or the keyboard's focus shows it, and so does the first tap, in a sheet with the way there; Escape,
// leaving, or a tap elsewhere puts it away. What stands on another page comes from previews/<page>.js, when first asked
// for (see _ext/gdcourse_previews.py). Without this script the links are links.
(() => {
  "use strict"
  const article = document.querySelector("article.bd-article")
  if (!article) return
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href).href
  const KINDS = /^(equation-|fig-|term-|ex-)/
  const OPEN = 250, CLOSE = 200  // milliseconds that a pointer rests on a link, and may be gone from it

  // The page and the anchor of a link whose target can be shown, or null.
  function target(link) {
    if (!(link instanceof HTMLAnchorElement) || link.matches(".headerlink") || link.closest(".gd-preview")) return null
    const [address, anchor] = link.href.split("#")
    if (!anchor || !address.startsWith(root)) return null
    if (!KINDS.test(anchor) && !(link.closest(".bibtex-citation") && /^id\d/.test(anchor))) return null
    return { page: address.slice(root.length).split("?")[0].replace(/\.html$/, ""), anchor: decodeURIComponent(anchor) }
  }

  function onThisPage(anchor) {
    const found = document.getElementById(anchor)
    if (!found?.matches(".gd-equation, figure, .citation, .exercise, dt")) return ""
    if (!found.matches("dt")) return found.outerHTML
    let first = found, last = found
    while (first.previousElementSibling?.matches("dt")) first = first.previousElementSibling
    const all = [first]
    while (last && !last.matches("dd")) last = last.nextElementSibling
    while (all.at(-1) !== last && all.at(-1).nextElementSibling) all.push(all.at(-1).nextElementSibling)
    return `<dl>${all.map((one) => one.outerHTML).join("")}</dl>`
  }

  const asked = new Map()
  function load(page) {
    if (!asked.has(page)) {
      asked.set(page, new Promise((resolve) => {
        const script = Object.assign(document.createElement("script"), { src: `${root}previews/${page}.js` })
        script.onload = () => resolve(globalThis.gdcoursePreviews?.[page] ?? {})
        script.onerror = () => { asked.delete(page); resolve({}) }  // the network may be back when it is asked again
        document.head.append(script)
      }))
    }
    return asked.get(page)
  }

  async function content({ page, anchor }) {
    return page === DOCUMENTATION_OPTIONS.pagename ? onThisPage(anchor) : (await load(page))[anchor] ?? ""
  }

  // The box. Nothing in it can be met twice: ids are other ones, and links within the book are words.
  let box = null, shown = null, leaving = 0, resting = 0
  function fill(html) {
    const inside = document.createElement("div")
    inside.className = "gd-preview-text"
    inside.innerHTML = html.replace(/( id="| href="#|url\(#)/g, "$1gd-preview-")
    for (const one of inside.querySelectorAll(".headerlink, .gd-cited, script, details")) one.remove()
    for (const one of inside.querySelectorAll("a:not([href^='https:'])")) one.replaceWith(...one.childNodes)
    for (const one of inside.querySelectorAll("a, [tabindex]")) one.tabIndex = -1
    if (inside.querySelector(".katex") && !document.querySelector("link[href*='katex.css']")) {
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${root}_static/katex/katex.css` }))
    }
    return inside
  }

  function hide(back = false) {
    clearTimeout(resting)
    clearTimeout(leaving)
    if (!box) return
    shown.removeAttribute("aria-describedby")
    if (back) shown.focus({ preventScroll: true })
    box.remove()
    box = shown = null
  }

  function open(link, html, sheet, at) {
    hide()
    link.removeAttribute("title")  // it would cover what is shown
    box = document.createElement("div")
    box.id = "gd-preview"
    box.className = sheet ? "gd-preview gd-preview-sheet" : "gd-preview"
    box.append(fill(html))
    shown = link
    if (sheet) {
      const name = link.textContent.trim().replace(/\s+/g, " ")
      const bar = Object.assign(document.createElement("p"), { className: "gd-preview-bar" })
      const go = Object.assign(document.createElement("a"), { href: link.href, textContent: "Go there" })
      const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" })
      close.addEventListener("click", () => hide(true))
      go.addEventListener("click", () => setTimeout(hide, 0))
      bar.append(go, close)
      box.append(bar)
      box.setAttribute("role", "dialog")
      box.setAttribute("aria-label", name)
      box.tabIndex = -1
      article.append(box)
      box.focus({ preventScroll: true })
      return
    }
    box.setAttribute("role", "tooltip")
    link.setAttribute("aria-describedby", box.id)
    article.append(box)
    place(link, at)
    box.addEventListener("pointerenter", () => clearTimeout(leaving))
    box.addEventListener("pointerleave", leave)
  }

  // Beneath the line of the link, or above it where there is more room.
  function place(link, at) {
    const lines = [...link.getClientRects()]
    const line = lines.find((one) => at && at.y >= one.top - 2 && at.y <= one.bottom + 2) ?? lines[0]
    const origin = (box.offsetParent ?? document.documentElement).getBoundingClientRect()
    const below = innerHeight - line.bottom - 12, above = line.top - 12
    const over = box.offsetHeight > below && above > below
    box.style.maxHeight = `${Math.max(120, over ? above : below)}px`
    const width = document.documentElement.clientWidth
    const left = Math.max(8, Math.min(line.left, width - box.offsetWidth - 8))
    box.style.left = `${left - origin.left}px`
    box.style.top = `${(over ? line.top - box.offsetHeight - 4 : line.bottom + 4) - origin.top}px`
  }

  function leave() {
    clearTimeout(resting)
    clearTimeout(leaving)
    leaving = setTimeout(hide, CLOSE)
  }

  let wanted = null
  async function show(link, to, at) {
    wanted = link
    const html = await content(to)
    if (html && wanted === link && shown !== link) open(link, html, false, at)
  }

  article.addEventListener("pointerover", (event) => {
    const link = event.target.closest?.("a[href]"), to = link && target(link)
    if (event.pointerType !== "mouse" || !to) return
    clearTimeout(leaving)
    clearTimeout(resting)
    const at = { x: event.clientX, y: event.clientY }
    if (shown !== link) resting = setTimeout(() => show(link, to, at), OPEN)
  })
  article.addEventListener("pointerout", (event) => {
    const link = event.target.closest?.("a[href]")
    if (event.pointerType !== "mouse" || !link || link.contains(event.relatedTarget)) return
    wanted = null
    leave()
  })

  article.addEventListener("focusin", (event) => {
    const to = event.target.matches("a[href]:focus-visible") && target(event.target)
    if (to && !box?.matches(".gd-preview-sheet")) show(event.target, to)
  })
  article.addEventListener("focusout", (event) => {
    if (event.target === wanted) wanted = null
    if (event.target === shown && !box?.matches(".gd-preview-sheet")) hide()
  })

  // A finger: the first tap shows, and what it shows has the way there.
  let touched = false
  addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch"
    if (box?.matches(".gd-preview-sheet") && !box.contains(event.target) && !shown.contains(event.target)) hide()
  }, true)
  article.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[href]"), to = link && target(link)
    if (!to) return
    if (!touched || event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey || shown === link) {
      hide()
      return
    }
    event.preventDefault()
    const html = await content(to)
    if (html) open(link, html, true)
    else location.href = link.href
  })

  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !box) return
    event.stopPropagation()
    wanted = null
    hide(box.matches(".gd-preview-sheet"))
  }, true)
  addEventListener("pagehide", () => hide())
})()
