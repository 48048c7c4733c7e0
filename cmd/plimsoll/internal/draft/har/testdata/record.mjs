// Records what a page does as a HAR file: node record.mjs http://127.0.0.1:8080/ session.har
// It needs Debian's chromium, and playwright-core of npm in the directory that PEERS names.
import { createRequire } from "node:module";
const { chromium } = createRequire(process.env.PEERS + "/package.json")("playwright-core");

const [url, file] = process.argv.slice(2);
const patience = 120000; // ms: Chromium may share the machine with other tests
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"], timeout: patience });
const context = await browser.newContext({ recordHar: { path: file, content: "embed" } });
const page = await context.newPage();
page.setDefaultTimeout(patience);
await page.goto(url);
await page.waitForFunction(() => document.title === "done");
await context.close();
await browser.close();
