// What was answered, and when it comes back: kept in this browser alone, and forgotten when the reader says so.
(() => {
  "use strict"
  const KEY = "gdcourse:review"
  const WAITS = [1, 3, 7, 16, 35]  // days
  const DAY = 864e5
  const today = () => {
    const now = new Date()
    return Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) / DAY  // the reader's own date
  }
  // { key of a question or claim: [place in WAITS, day on which it comes back] }
  function kept() {
    try {
      const found = Object.entries(JSON.parse(localStorage.getItem(KEY)) ?? {})
      const sound = ([, one]) => Array.isArray(one) && one[0] in WAITS && Number.isInteger(one[1])
      return Object.fromEntries(found.filter(sound))
    } catch {
      return {}  // no store, or no text of ours: the page works without
    }
  }
  function record({ key, right }) {
    const now = kept()
    const [step, due] = now[key] ?? [0, today()]
    if (right && due > today()) return  // known before it was asked for: that says nothing new
    const next = right ? Math.min(step + 1, WAITS.length - 1) : 0
    now[key] = [next, today() + WAITS[next]]
    try {
      localStorage.setItem(KEY, JSON.stringify(now))
    } catch { /* a browser without storage remembers nothing */ }
  }

  // An answer counts when it has stood for a second: with the arrow keys one walks over other choices to one's own.
  let waiting = null
  let timer = null
  let changed = () => {}
  function settle() {
    clearTimeout(timer)
    if (waiting) record(waiting)
    waiting = null
    changed()
  }
  function answer(detail) {
    if (waiting && waiting.key !== detail.key) settle()
    clearTimeout(timer)
    waiting = detail
    timer = setTimeout(settle, 1000)
  }
  addEventListener("gdcourse:answer", ({ detail }) => answer(detail))
  addEventListener("pagehide", settle)

  const review = document.querySelector(".gd-review")
  if (!review) return

  // Other numbers on another day. The loader, which comes next, mounts the questions with these.
  for (const script of review.querySelectorAll(`script[type$="widget-state+json"]`)) {
    const stored = JSON.parse(script.textContent)
    for (const { state } of Object.values(stored.state)) state.which = today() % (state.content.more.length + 1)
    script.textContent = JSON.stringify(stored)
  }

  const items = [...review.querySelectorAll("[data-key]")]
  const says = review.querySelector(".gd-review-says")
  const buttons = review.querySelector(".gd-review-buttons")
  const [next, all, forget] = buttons.querySelectorAll("button")
  let passed = new Set()  // what has been shown since the page was opened
  let shown = null

  for (const item of items) {
    const fold = item.querySelector("details")
    if (item.querySelector(".gdw-host") || !fold) continue
    const { key } = item.dataset
    const button = (text, right) => {
      const made = Object.assign(document.createElement("button"), { type: "button", textContent: text })
      made.addEventListener("click", () => {
        answer({ key, right })
        settle()
      })
      return made
    }
    fold.append(button("I knew that", true), " ", button("I did not", false))
  }

  const date = (day) =>
    new Date(day * DAY).toLocaleDateString("en-GB", { day: "numeric", month: "long", timeZone: "UTC" })
  const word = (count, one, many) => `${count} ${count === 1 ? one : many}`
  function tell() {
    const now = kept()
    const due = items.filter(({ dataset: { key } }) => now[key]?.[1] <= today())
    const fresh = items.filter(({ dataset: { key } }) => !now[key])
    const soonest = Math.min(...items.map(({ dataset: { key } }) => now[key]?.[1] ?? Infinity))
    const parts = []
    const mine = now[shown?.dataset.key]
    if (mine && mine[1] > today()) parts.push(`This one comes back in ${word(mine[1] - today(), "day", "days")}.`)
    parts.push(due.length ? `${word(due.length, "comes", "come")} back today.` : "Nothing is due today.")
    if (fresh.length) parts.push(`${word(fresh.length, "is", "are")} still new.`)
    else if (!due.length) parts.push(`The next comes back on ${date(soonest)}.`)
    const text = parts.join(" ")
    if (says.textContent !== text) says.textContent = text
    return [...due.sort((a, b) => now[a.dataset.key][1] - now[b.dataset.key][1]), ...fresh]
  }
  function show() {
    const whole = all.getAttribute("aria-pressed") === "true"
    for (const item of items) item.hidden = !whole && item !== shown
    next.hidden = whole
  }
  function step() {
    if (shown) passed.add(shown)
    const left = tell()
    shown = left.find((item) => !passed.has(item)) ?? null
    if (!shown) passed = new Set()  // once round: what was passed over may be asked again
    show()
    tell()
  }
  changed = () => tell()
  next.addEventListener("click", () => {
    settle()
    step()
  })
  all.setAttribute("aria-pressed", "false")
  all.addEventListener("click", () => {
    all.setAttribute("aria-pressed", String(all.getAttribute("aria-pressed") !== "true"))
    show()
  })
  forget.addEventListener("click", () => {
    clearTimeout(timer)
    waiting = null
    try {
      localStorage.removeItem(KEY)
    } catch { /* nothing was kept */ }
    passed = new Set()
    shown = null
    step()
  })
  buttons.hidden = false
  step()
})()
