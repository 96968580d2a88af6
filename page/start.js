// What a page shows at first: a quiet word at each cell of a chapter, and an assignment's boxes with their score.

const page = DOCUMENTATION_OPTIONS.pagename.split("/").pop()
const name = (host) => Number([...host.classList].find((one) => one.startsWith("gd-run-")).slice(7))

function chapter() {
  for (const host of document.querySelectorAll(".cell[class*=gd-run-]")) {
    const shown = host.querySelector(".cell_input pre")
    if (!shown) continue
    const key = `cell:${DOCUMENTATION_OPTIONS.pagename}:${hash(shown.textContent.replace(/\n$/, ""))}`
    const box = cellBox(host, name(host), { key, label: "Python code of this cell", file: `${page}-cell-${name(host)}.py` })
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
    const box = cellBox(host, Math.max(-1, ...above.map(name)), {
      key, label: "Your Python code for this exercise", file: `${page}-${exercise.id}.py`, below: true,
    })
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
    ...[...words].map(([id, field]) => [id, field.text()]),
  ].filter(([, text]) => text !== undefined))

  for (const host of document.querySelectorAll("[class*=gd-run-]")) {
    const number = name(host), id = data.solutions[number]
    const checks = data.exercises.filter((exercise) => exercise.cells.at(-1) === number)
    const box = cellBox(host, number, {
      key: id ? `work:${data.ps}:${id}` : `work:${data.ps}:cell-${number}`,
      label: id ? `Your Python code for ${id}` : "Python code", file: `${data.ps}-${id ?? `cell-${number}`}.py`, checks,
    })
    if (id) host.id ||= `answer-${id}`
    box.open()
  }
  for (const host of document.querySelectorAll(".gd-words")) {
    const id = host.dataset.cell, key = `work:${data.ps}:${id}`
    const field = element("textarea", {
      rows: 5, ariaLabel: `Your answer in words: ${id}`, placeholder: "Your answer, in words", autocomplete: "off",
    })
    const notice = line(), unkept = line()
    field.value = store.get(key)?.text ?? ""
    const remember = () => keep(key, field.value ? { text: field.value, version: "words" } : null, unkept,
      () => save(`${data.ps}-${id}.txt`, field.value, "text/plain"))
    const write = (text) => {
      field.value = text
      remember()
    }
    field.addEventListener("input", remember)
    store.watch(key, (before, after) => {
      const theirs = after?.text ?? "", mine = field.value
      if (mine === theirs) return
      if (mine === (before?.text ?? "")) field.value = theirs
      else notice.tell("Another tab has changed this answer.", button("Take its text", () => {
        write(theirs)
        notice.tell("Changed.", button("Take it back", () => {
          notice.hide()
          write(mine)
        }))
      }))
    })
    words.set(id, { text: () => field.value, write })
    host.append(field, unkept.host, notice.host)
  }

  // The score says of each exercise what its last check gave, as long as its text is the one that was checked. What the
  // check said is kept with it, and is there again when the reader comes back from an equation.
  const now = () => data.cells.map((text, number) => boxes.get(number)?.text() ?? text)
  const lastBox = (exercise) => boxes.get(exercise.cells.at(-1))
  const stands = (one) => one.text === fingerprint(now(), one.needed)
  function sum() {
    const kept = store.get(scoreKey) ?? {}
    const open = []
    let points = 0
    for (const exercise of data.exercises) {
      const one = kept[exercise.names[0]]
      const got = one && stands(one) ? one.points : 0
      points += got
      if (got < exercise.points) open.push([exercise, !one ? "not checked" : !stands(one) ? "changed since" : `${got} of ${exercise.points}`])
    }
    score.replaceChildren(`So far ${points} of ${of} points, as checked here.`)
    open.forEach(([exercise, why], index) => score.append(index ? ", " : " Still open: ",
      element("a", { href: `#${lastBox(exercise).host.id}` }, exercise.names.join(", ")), ` (${why})`,
      index === open.length - 1 ? "." : ""))
  }
  const again = () => {
    const kept = store.get(scoreKey) ?? {}
    for (const exercise of data.exercises) {
      const one = kept[exercise.names[0]]
      if (one?.verdict?.ladder) lastBox(exercise).show(one.verdict, data.places, !stands(one))
    }
  }
  document.addEventListener("gdcourse-checked", ({ detail: { exercise, result, text } }) => {
    const kept = store.get(scoreKey) ?? {}
    kept[exercise.names[0]] = { points: result.points, text, needed: result.needed, verdict: result }
    store.set(scoreKey, kept)
    sum()
  })
  document.addEventListener("gdcourse-changed", sum)
  store.watch(scoreKey, sum)

  const said = line()
  const say = said.tell
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
    for (const [id, field] of words) if (given.has(id)) field.write(given.get(id))
  }

  const doing = element("span", { className: "gd-status", role: "status" })
  const all = button("Check all", async () => {
    all.disabled = true
    stop.hidden = false
    for (const exercise of data.exercises) {
      doing.textContent = `Checking ${exercise.names.join(", ")}`
      if (!await lastBox(exercise).act("check", exercise)) break
    }
    doing.textContent = ""
    stop.hidden = true
    all.disabled = false
  })
  const stop = button("Stop", () => engine.stop(), { hidden: true })
  const hand = button("Hand in", () => {
    save(`${data.ps}.ipynb`, handedIn(data.notebook, texts()), "application/x-ipynb+json")
    const untouched = Object.entries(data.solutions).filter(([number, id]) => words.has(id)
      ? !words.get(id).text().trim()
      : boxes.get(Number(number))?.text() === data.cells[number]).map(([, id]) => id)
    say(`${data.ps}.ipynb is in your downloads. Hand it in where your course takes work.` +
      (untouched.length ? ` Not written yet: ${untouched.join(", ")}.` : ""))
  }, { title: `Save ${data.ps}.ipynb with what you have written` })
  const take = button("Load a notebook", () => chosen.click(), { title: `Go on with a ${data.ps}.ipynb you have` })
  document.querySelector(".gd-hand-in").append(score,
    element("div", { className: "gd-bar" }, all, stop, hand, take, chosen, doing), hintChoice(), said.host)
  const troubled = () => say(`${store.problem()} Hand in saves all of it.`)
  document.addEventListener("gdcourse-store", troubled)
  sum()
  again()
  if (store.problem()) troubled()
}

if (document.querySelector(".gd-hand-in")) assignment()
else {
  chapter()
  codeExercises()
}
