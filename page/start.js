// What a page shows at first: a quiet word at each cell of a chapter, and an assignment's boxes with their score.

const name = (host) => Number([...host.classList].find((one) => one.startsWith("gd-run-")).slice(7))

function chapter() {
  for (const host of document.querySelectorAll(".cell[class*=gd-run-]")) {
    const shown = host.querySelector(".cell_input pre")
    if (!shown) continue
    const key = `cell:${DOCUMENTATION_OPTIONS.pagename}:${hash(shown.textContent.replace(/\n$/, ""))}`
    const box = cellBox(host, name(host), { key, label: "Python code of this cell" })
    const offer = button("Try it", () => {
      offer.remove()
      box.open()
      host.querySelector(".gd-editor textarea")?.focus()
    }, { className: "gd-offer", title: "Change this code and run it here" })
    shown.closest(".cell_input").append(offer)
    if (store.get(key)) {
      offer.textContent = "Go on with it"
      offer.classList.add("gd-kept")
    }
  }
}

// An exercise that asks for code has room for it, with all that stands above it at hand.
function codeExercises() {
  const all = [...document.querySelectorAll(".cell[class*=gd-run-]")]
  for (const exercise of document.querySelectorAll(".exercise")) {
    if (exercise.querySelector("p > em")?.textContent !== "Code.") continue
    const above = all.filter((cell) => cell.compareDocumentPosition(exercise) & Node.DOCUMENT_POSITION_FOLLOWING)
    const key = `exercise:${DOCUMENTATION_OPTIONS.pagename}:${exercise.id}`
    const host = element("div", { className: "gd-answer" })
    const box = cellBox(host, Math.max(-1, ...above.map(name)), { key, label: "Your Python code for this exercise", below: true })
    const offer = button(store.get(key) ? "Go on with it" : "Write it here", () => {
      offer.remove()
      box.open()
      host.querySelector("textarea")?.focus()
    })
    host.append(offer)
    exercise.append(host)
  }
}

function assignment() {
  const data = globalThis.gdcoursePage
  if (!data) {
    document.querySelector(".gd-hand-in").append("A file of this page did not arrive. Reload the page to try again.")
    return
  }
  const of = data.exercises.reduce((sum, exercise) => sum + exercise.points, 0)
  const scoreKey = `score:${data.ps}`
  const score = element("p", { className: "gd-score", role: "status" })
  const words = new Map()
  const texts = () => new Map([
    ...Object.entries(data.solutions).map(([number, id]) => [id, boxes.get(Number(number))?.text()]),
    ...[...words].map(([id, field]) => [id, field.value]),
  ].filter(([, text]) => text !== undefined))

  for (const host of document.querySelectorAll("[class*=gd-run-]")) {
    const number = name(host), id = data.solutions[number]
    const checks = data.exercises.filter((exercise) => exercise.cells.at(-1) === number)
    const box = cellBox(host, number, {
      key: id ? `work:${data.ps}:${id}` : `work:${data.ps}:cell-${number}`,
      label: id ? `Your Python code for ${id}` : "Python code", checks,
    })
    box.open()
  }
  for (const host of document.querySelectorAll(".gd-words")) {
    const id = host.dataset.cell, key = `work:${data.ps}:${id}`
    const field = element("textarea", { rows: 5, ariaLabel: `Your answer in words: ${id}`, placeholder: "Your answer, in words" })
    field.value = store.get(key)?.text ?? ""
    field.addEventListener("input", () => store.set(key, { text: field.value, version: "words" }))
    store.watch(key, (before, after) => { if (field.value === (before?.text ?? "")) field.value = after?.text ?? "" })
    words.set(id, field)
    host.append(field)
  }

  // The score says of each exercise what its last check gave, as long as its text is the one that was checked.
  const now = () => data.cells.map((text, number) => boxes.get(number)?.text() ?? text)
  function sum() {
    const kept = store.get(scoreKey) ?? {}
    let points = 0, stale = 0
    for (const exercise of data.exercises) {
      const one = kept[exercise.names[0]]
      if (!one) continue
      if (one.text === fingerprint(now(), one.needed)) points += one.points
      else stale += 1
    }
    score.textContent = `So far ${points} of ${of} points, as checked here.` +
      (stale ? ` ${stale === 1 ? "One function has" : `${stale} functions have`} changed since.` : "")
  }
  document.addEventListener("gdcourse-checked", ({ detail: { exercise, result, text } }) => {
    const kept = store.get(scoreKey) ?? {}
    kept[exercise.names[0]] = { points: result.points, text, needed: result.needed }
    store.set(scoreKey, kept)
    sum()
  })
  document.addEventListener("gdcourse-changed", sum)
  store.watch(scoreKey, sum)

  const said = element("p", { className: "gd-notice", role: "status", hidden: true })
  const say = (text, ...more) => {
    said.replaceChildren(text, " ", ...more)
    said.hidden = !text
  }
  const chosen = element("input", { type: "file", accept: ".ipynb,application/json", hidden: true })
  chosen.addEventListener("change", async () => {
    try {
      const taken = takenFrom(await chosen.files[0].text(), data.notebook, data.ps)
      const before = texts()
      put(taken)
      say(`${taken.size} of ${texts().size} answers were taken from ${chosen.files[0].name}.`, button("Take it back", () => {
        put(before)
        say("Everything is as it was.")
      }))
    } catch (error) {
      say(error.message)
    }
    chosen.value = ""
  })
  function put(given) {
    for (const [number, id] of Object.entries(data.solutions)) {
      if (given.has(id)) boxes.get(Number(number))?.put(given.get(id))
    }
    for (const [id, field] of words) {
      if (!given.has(id)) continue
      field.value = given.get(id)
      field.dispatchEvent(new Event("input"))
    }
  }

  const all = button("Check all", async () => {
    all.disabled = true
    for (const exercise of data.exercises) if (!await boxes.get(exercise.cells.at(-1)).act("check", exercise)) break
    all.disabled = false
  })
  const hand = button("Hand in", () => {
    save(`${data.ps}.ipynb`, handedIn(data.notebook, texts()))
    say(`${data.ps}.ipynb is in your downloads. Hand it in where your course takes work.`)
  }, { title: `Save ${data.ps}.ipynb with what you have written` })
  const take = button("Load a notebook", () => chosen.click(), { title: `Go on with a ${data.ps}.ipynb you have` })
  document.querySelector(".gd-hand-in").append(score,
    element("div", { className: "gd-bar" }, all, hand, take, chosen), said)
  document.addEventListener("gdcourse-store", () => say(store.problem()))
  sum()
  if (store.problem()) say(store.problem())
}

if (document.querySelector(".gd-hand-in")) assignment()
else {
  chapter()
  codeExercises()
}
