// Python, in a worker of its own: started once, then asked to run cells and to check functions, one after the other.
"use strict"
const SITE = "/lib/python3.12/site-packages"
let base, python, ask, queue = Promise.resolve()
const wanted = new Map()  // {a file's name: what to do when the page has brought it}

const say = (id, kind, more) => postMessage({ id, kind, ...more })

onmessage = ({ data }) => {
  if (data.kind === "file") return wanted.get(data.name)(data.bytes)
  queue = queue.then(() => handle[data.kind](data)).then(
    (result) => say(data.id, "done", { result }),
    (error) => say(data.id, "broken", { text: String(error).trim().split("\n").pop() }),
  )
}

const handle = {
  async start({ id, base: from, fromDisk }) {
    base = from
    if (fromDisk) globalThis.fetch = brought
    const parts = Promise.all([bytes("numpy.zip"), bytes("gdcourse.zip")])
    parts.catch(() => {})  // it is said where they are waited for
    if (!fromDisk) importScripts(base + "pyodide.js", base + "pyodide.asm.js")
    python = await loadPyodide({ indexURL: base, lockFileURL: base + "lock.json" })
    say(id, "step", { text: "Starting NumPy" })
    for (const part of await parts) python.unpackArchive(part, "zip", { extractDir: SITE })
    ask = python.runPython(`
import json

import gdcourse_page

gdcourse_page.prepare()
_book = gdcourse_page.Notebook(lambda record: _emit(json.dumps(record)))

def _ask(what, emit, text):
    global _emit
    _emit, message = emit, json.loads(text)
    cells, number = message["cells"], message["number"]
    came = _book.run(cells, number, fresh=what == "check")
    if what == "check" and came == "ok":
        said = gdcourse_page.verdict(message["ps"], message["names"], _book.names)
        return json.dumps({**said, "needed": gdcourse_page.needed(cells, number)})
    return json.dumps(came)

_ask`)
  },

  async ask({ id, what, message }) {
    say(id, "begun", { text: what === "check" ? "Checking" : "Running" })
    const emit = (record) => say(id, "record", { record: JSON.parse(record) })
    const run = () => JSON.parse(ask(what, emit, JSON.stringify(message)))
    let result = run()
    if (result === "draws") {
      say(id, "step", { text: "Fetching what draws" })
      python.unpackArchive(await bytes("matplotlib.zip"), "zip", { extractDir: SITE })
      python.runPython("gdcourse_page.matplotlib_is_here()")
      say(id, "again")
      result = run()
    }
    return result
  },
}

// A page opened from a disk fetches nothing: there the page itself brings the files, Pyodide's scripts before this one.
async function brought(url) {
  const name = String(url).split("/").pop()
  const bytes = await new Promise((resolve) => {
    wanted.set(name, resolve)
    postMessage({ kind: "need", name })
  })
  return new Response(bytes, { headers: { "Content-Type": name.endsWith("wasm") ? "application/wasm" : "" } })
}

async function bytes(name) {
  const response = await fetch(base + name)
  if (!response.ok) throw new TypeError(`${name}: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}
