// Looks at pages with Chromium and axe-core, and prints what is wrong with each as JSON: node look.mjs http://127.0.0.1:8080 /a /b
// It needs Debian's chromium, and playwright-core and axe-core of npm in the directory that PEERS names.
import { createRequire } from "node:module";
const require = createRequire(process.env.PEERS + "/package.json");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const [address, ...paths] = process.argv.slice(2);
const patience = 120000; // ms: Chromium may share the machine with other tests
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"], timeout: patience });
const found = {};
for (const path of paths) {
  const one = { Console: [], Requests: [], Dialogs: [], Violations: [], Overflow: [], Cut: [], Unseen: [], Drawings: 0 };
  found[path] = one;
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 900, height: 800 } });
    page.setDefaultTimeout(patience);
    watch(page, one, address + path);
    await page.goto(address + path);
    if (!path.startsWith("/laced")) { // those differ in their texts alone, and axe-core takes a second
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run());
      for (const v of violations) one.Violations.push(`${colorScheme}: ${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 200)} (${v.nodes.length})`);
    }
    if (colorScheme === "light") {
      one.Drawings = await page.locator("svg[role=img]").evaluateAll((all) => all.filter((s) => s.getBoundingClientRect().height > 10).length);
      for (const width of [360, 900, 1600]) {
        await page.setViewportSize({ width, height: 800 });
        if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) one.Overflow.push(width);
        one.Cut.push(...await page.evaluate(cut));
      }
    }
    await page.close();
  }
  if (path.startsWith("/laced")) continue;
  const page = await browser.newPage({ viewport: { width: 900, height: 800 } });
  page.setDefaultTimeout(patience);
  await page.goto(address + path + "?jenkins");
  one.Unseen = await page.locator("svg[role=img] path").evaluateAll((all) => all
    .filter((p) => { const s = getComputedStyle(p); return s.stroke === "none" && s.fill === "none"; }).map((p) => p.outerHTML.slice(0, 120)));
  await page.close();
}
await browser.close();
console.log(JSON.stringify(found));

// watch notes what a page says and asks for.
function watch(page, one, own) {
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") one.Console.push(m.text()); });
  page.on("pageerror", (e) => one.Console.push(String(e)));
  page.on("dialog", (d) => { one.Dialogs.push(d.message()); d.dismiss(); });
  page.on("request", (r) => { if (r.url() !== own && !r.url().endsWith("/favicon.ico")) one.Requests.push(r.url()); });
}

// cut lists texts of drawings that reach beyond them.
function cut() {
  const all = [];
  for (const svg of document.querySelectorAll("svg[role=img]")) {
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const b = text.getBoundingClientRect();
      if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 2 || b.bottom > box.bottom + 2) all.push(`${innerWidth}: ${text.textContent}`);
    }
  }
  return all;
}
