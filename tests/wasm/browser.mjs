// A page in a headless browser loads the package from a folder, checks a golden receipt and reads a document. The page
// sends what it found; nothing listens but 127.0.0.1.
//
//   node browser.mjs PACKAGE VECTORS SAMPLES
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, extname, join, resolve } from "node:path";

const [folder, vectors, samples] = process.argv.slice(2).map((path) => resolve(path));
const manifest = JSON.parse(readFileSync(join(vectors, "manifest.json"), "utf8"));
const item = manifest.cases.find((item) => item.kind === "receipt" && item.expect === "accept");
const invoice = "invoices/ubl-guangzhou-1017.xml";
const asked = {
  network: `vectors/${item.network}`, proof: `vectors/${item.file}`, kind: item.kind, document: `samples/${invoice}`,
};
const files = new Map([
  ["/", join(import.meta.dirname, "page.html")],
  [`/${asked.network}`, join(vectors, item.network)],
  [`/${asked.proof}`, join(vectors, item.file)],
  [`/${asked.document}`, join(samples, invoice)],
  ["/package/hefu.js", join(folder, "hefu.js")],
  ["/package/hefu_bg.wasm", join(folder, "hefu_bg.wasm")],
]);
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const names = ["chromium-headless-shell", "chromium"];
const paths = process.env.PATH.split(delimiter).flatMap((path) => names.map((name) => join(path, name)));
const browser = paths.find((path) => existsSync(path));
assert.ok(browser, "there is no Chromium: scripts/setup.sh --browser");

const profile = mkdtempSync(join(tmpdir(), "hefu-browser-"));
let child, deadline, stderr = "";
const told = await new Promise((tell, fail) => {
  const server = createServer((request, response) => {
    if (request.method === "POST" && request.url === "/told") {
      let body = "";
      request.on("data", (data) => { body += data; });
      request.on("end", () => { response.end(); server.close(); tell(JSON.parse(body)); });
      return;
    }
    if (request.url === "/asked.json") return void response.end(JSON.stringify(asked));
    const file = files.get(request.url);
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  server.listen(0, "127.0.0.1", () => {
    const page = `http://127.0.0.1:${server.address().port}/`;
    // As root there is no sandbox, and the page is ours.
    child = spawn(browser, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--remote-debugging-port=0", `--user-data-dir=${profile}`, page], { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (data) => { stderr += data; });
    child.on("error", fail);
    child.on("exit", (code) => fail(new Error(`the browser ended with ${code}:\n${stderr}`)));
  });
  deadline = setTimeout(() => fail(new Error(`the page told nothing within 120 s:\n${stderr}`)), 120_000);
}).finally(() => {
  clearTimeout(deadline);
  child?.removeAllListeners("exit");
  child?.kill("SIGKILL");
});
child.stderr.destroy();
rmSync(profile, { recursive: true, force: true, maxRetries: 10 });

assert.equal(told.error, undefined);
assert.equal(told.proof.record.key, item.proves.record.key);
assert.equal(told.proof.operation.id, item.proves.operation.id);
assert.deepEqual(told.proof.checkpoint, item.proves.checkpoint);
assert.equal(told.verdict.record.key, item.proves.record.key);
assert.deepEqual(told.verdict.refused, []);
assert.ok(told.verdict.memory > 0);
assert.match(told.refused, /^[a-z-]+$/);
const [document] = told.inspected;
assert.equal(document.format, "UBL XML");
assert.ok(document.facts.some((fact) => fact.name === "total" && fact.value === "1821980"));
console.log(`browser: loaded in ${Math.round(told.loadMs)} ms, ${item.name} (${item.kind}) checked in ${told.checkUs} us`);
process.exit(0);
