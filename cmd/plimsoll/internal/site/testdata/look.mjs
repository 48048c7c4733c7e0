// Looks at the pages of a site with Chromium and axe-core, and prints what is wrong with each as JSON:
// node look.mjs [--pictures DIR] URL URL …
// It needs Debian's chromium, and playwright-core and axe-core of npm in the directory that PEERS names.
import { createRequire } from "node:module";
const require = createRequire(process.env.PEERS + "/package.json");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

let urls = process.argv.slice(2), pictures = "";
if (urls[0] === "--pictures") [pictures, urls] = [urls[1], urls.slice(2)];
const patience = 120000; // ms: Chromium may share the machine with other tests
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"], timeout: patience });
const found = {};
for (const [n, url] of urls.entries()) {
  const one = { Console: [], Requests: [], Dialogs: [], Violations: [], Overflow: [], Charts: 0, Told: "", Zoomed: false, Without: 0, Printed: 0 };
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 900 } });
    page.setDefaultTimeout(patience);
    watch(page, one, new URL(".", url).href.split("/history/")[0]);
    await page.goto(url);
    if (await page.locator(".chart").count()) await page.waitForSelector("html[data-charts=drawn]").catch((e) => one.Console.push(String(e)));
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run({ preload: false }));
    for (const v of violations) one.Violations.push(`${colorScheme}: ${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 200)} (${v.nodes.length})`);
    if (pictures) await page.screenshot({ path: `${pictures}/${n}-${colorScheme}.png`, fullPage: true });
    if (colorScheme === "light") {
      one.Charts = await page.locator(".chart canvas").count();
      if (one.Charts) await keys(page, one);
      for (const width of [400, 900, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        // The charts follow the window when Chromium has told the script of its new size.
        await page.waitForFunction((width) => window.innerWidth === width && document.documentElement.scrollWidth <= width, width, { timeout: patience / 4 }).catch(() => one.Overflow.push(width));
        if (pictures) await page.screenshot({ path: `${pictures}/${n}-${width}.png` });
      }
      await page.emulateMedia({ media: "print" });
      one.Printed = await shown(page);
      if (pictures) await page.screenshot({ path: `${pictures}/${n}-print.png`, fullPage: true });
    }
    await page.close();
  }
  const bare = await browser.newContext({ javaScriptEnabled: false });
  const page = await bare.newPage();
  page.setDefaultTimeout(patience);
  await page.goto(url);
  one.Without = await page.locator("svg[role=img]").count();
  await bare.close();
  found[url] = one;
}
await browser.close();
console.log(JSON.stringify(found));

// watch notes what a page says and asks for.
function watch(page, one, own) {
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") one.Console.push(m.text()); });
  page.on("pageerror", (e) => one.Console.push(String(e)));
  page.on("dialog", (d) => { one.Dialogs.push(d.message()); d.dismiss(); });
  page.on("request", (r) => { if (!r.url().startsWith(own) && !r.url().startsWith("data:")) one.Requests.push(r.url()); });
}

// keys goes to the second newest run with the keyboard, and zooms in.
async function keys(page, one) {
  const chart = page.locator(".chart .plot").first();
  await chart.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  one.Told = await page.locator("output").textContent();
  const before = await chart.screenshot();
  await page.keyboard.press("+");
  for (let left = 100; left > 0 && !one.Zoomed; left--) {
    one.Zoomed = !before.equals(await chart.screenshot());
    if (!one.Zoomed) await page.waitForTimeout(100);
  }
}

// shown counts the drawings that can be seen.
function shown(page) {
  return page.locator("svg[role=img]").evaluateAll((all) => all.filter((s) => s.getBoundingClientRect().height > 10).length);
}
