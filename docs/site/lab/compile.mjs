// Compiles Python modules with Pyodide, whose bytecode no other Python makes, so that browsers start
// in half the time: `node compile.mjs PYODIDE STANDARD_LIBRARY LAB` replaces the two archives.
//
// Bytecode is larger than its source. So only those modules are compiled that most pages need.

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [folder, ...archives] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const pyodide = await loadPyodide();
const [library, lab] = await Promise.all(archives.map((path) => readFile(path)));
pyodide.unpackArchive(new Uint8Array(lab), "zip", { extractDir: "/lab" });
const compile = pyodide.runPython(`
import importlib.util, io, json, marshal, sys, zipfile

sys.path.insert(0, "/lab")
import runner

RULES = "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList><Referer>a.test</Referer></RefererList></RefererConfiguration>"
SITE = "https://www.example.com/"
FILES = {"rules.xml": RULES, "rules.json": '{"AllowEmptyReferer": true}', "rules.toml": "whitelist = []"}
for arguments in (
    ["check", "rules.json", SITE],
    ["diff", "rules.xml", "rules.toml", "--json"],
    ["generate", "--site", SITE, "--to", "xml"],
    ["lint", "rules.xml", "--json"],
    ["--lang", "zh", "lint", "rules.xml"],
    ["scenarios", "rules.xml", "--site", SITE],
    ["translate", "--to", "nginx", "rules.xml"],
):
    answer = json.loads(runner.run(json.dumps({"args": arguments, "files": FILES})))
    if answer["status"] > 1:
        raise SystemExit(f"{arguments}: {answer}")
page = {"language": "en", "site": SITE, "text": "a.test", "referer": SITE}
rules = json.loads(runner.call("read", json.dumps(page)))["rules"]
for action in ("check", "answer", "export"):
    answer = json.loads(runner.call(action, json.dumps({**page, "rules": rules, "other": rules})))
    if "error" in answer:
        raise SystemExit(f"{action}: {answer}")
used = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}

def compile_archive(data, place):
    """Replace the used modules of an archive by their bytecode; place is where they are imported from."""
    source = zipfile.ZipFile(io.BytesIO(data.to_bytes()))
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if f"{place}/{name}" in used:
                code = compile(content, name, "exec", dont_inherit=True)
                # It is never compared with its source, which is left out.
                content = importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code)
                name += "c"
            target.writestr(zipfile.ZipInfo(name), content)
    return memory.getvalue()

compile_archive
`);
const places = [pyodide.runPython(`next(path for path in sys.path if path.endswith(".zip"))`), "/lab"];
for (const [number, data] of [library, lab].entries()) {
  const compiled = compile(new Uint8Array(data), places[number]);
  await writeFile(archives[number], compiled.toJs());
}
