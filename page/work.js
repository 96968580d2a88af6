// What a reader writes stays in her browser, by page and by the text it began from. Nothing of it leaves the page.

const store = (() => {
  let said = null
  const failed = (error) => {
    said = error?.name === "QuotaExceededError"
      ? "This browser's store is full, so what you write now is not kept. Save it, or make room."
      : "This browser keeps nothing for this page, so what you write is gone when you leave. Save it first."
    document.dispatchEvent(new Event("gdcourse-store"))
  }
  return {
    problem: () => said,
    get(key) {
      try {
        return JSON.parse(localStorage.getItem(`gdcourse:${key}`))
      } catch (error) {
        if (!(error instanceof SyntaxError)) failed(error)
        return null
      }
    },
    set(key, value) {
      try {
        localStorage.setItem(`gdcourse:${key}`, JSON.stringify(value))
        said = null
      } catch (error) {
        failed(error)
      }
    },
    drop(key) {
      try {
        localStorage.removeItem(`gdcourse:${key}`)
        said = null
      } catch (error) {
        failed(error)
      }
    },
    // Call when another tab has changed a key: changed(before, after).
    watch(key, changed) {
      addEventListener("storage", (event) => {
        if (event.key !== `gdcourse:${key}`) return
        try {
          changed(JSON.parse(event.oldValue), JSON.parse(event.newValue))
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error  // no text of ours
        }
      })
    },
  }
})()

function hash(text) {
  let value = 5381
  for (const letter of text) value = (Math.imul(value, 33) ^ letter.codePointAt(0)) >>> 0
  return value.toString(36)
}

// Hand in: the released notebook with the reader's texts in its cells, as if it had been written in Jupyter.

function handedIn(notebook, texts) {
  const copy = structuredClone(notebook)
  for (const cell of copy.cells) {
    const name = cell.metadata.nbgrader?.grade_id
    if (name !== undefined && texts.has(name)) cell.source = texts.get(name)
  }
  return JSON.stringify(copy, null, 1) + "\n"
}

// Return {name: text} of a notebook's cells that belong to this assignment, or throw a sentence.
function takenFrom(file, notebook, ps) {
  const own = new Set(notebook.cells.filter((c) => c.metadata.nbgrader?.solution).map((c) => c.metadata.nbgrader.grade_id))
  let read
  try {
    read = JSON.parse(file)
  } catch {
    throw new Error("That file is not a notebook. Choose a file that ends in .ipynb; nothing here has changed.")
  }
  if (!Array.isArray(read?.cells)) throw new Error("That file is not a notebook: it has no cells. Nothing here has changed.")
  const found = new Map()
  for (const cell of read.cells) {
    const name = cell?.metadata?.nbgrader?.grade_id
    if (own.has(name) && cell.source !== undefined) found.set(name, [cell.source].flat().join(""))
  }
  if (!found.size) {
    throw new Error(`That notebook has no cell of ${ps}. Is it another assignment's? Nothing here has changed.`)
  }
  return found
}

// Return what a file holds if it is a program, or throw a sentence.
const MOST = 1_000_000
async function textOf(file) {
  const text = file.size > MOST ? "" : await file.text()
  if (file.size > MOST) throw new Error("That file is larger than a megabyte, more than a box takes. Nothing here has changed.")
  if (/[\0\ufffd]/.test(text)) throw new Error("That file is not text. Choose one that ends in .py; nothing here has changed.")
  if (/^\s*\{\s*"(cells|metadata|nbformat)"/.test(text)) {
    throw new Error("That file is a notebook, and this box takes a program's text. Nothing here has changed.")
  }
  return text.replaceAll("\r\n", "\n")
}

function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }))
  element("a", { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
