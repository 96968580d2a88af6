// Run a script in the page's Python, outside of a browser: node python.cjs FOLDER SCRIPT ARGUMENT...
const fs = require("fs")
const path = require("path")
const [folder, script, ...rest] = process.argv.slice(2)
const site = "/lib/python3.12/site-packages"

async function main() {
  const { loadPyodide } = require(path.join(folder, "pyodide.js"))
  const python = await loadPyodide({ indexURL: folder + "/", lockFileURL: path.join(folder, "lock.json") })
  for (const name of ["numpy.zip", "matplotlib.zip", "gdcourse.zip"]) {
    python.unpackArchive(new Uint8Array(fs.readFileSync(path.join(folder, name))), "zip", { extractDir: site })
  }
  python.runPython(`import sys\nimport gdcourse_page\ngdcourse_page.prepare()\nsys.argv = ${JSON.stringify([script, ...rest])}`)
  python.runPython(fs.readFileSync(script, "utf8"))
}

main().catch((error) => {
  console.error(String(error))
  process.exit(1)
})
