// Open report pages in headless Chromium: no console message, no request to anywhere, no finding of axe-core, in light,
// dark, narrow and print, and a picture of each kept to be looked at: check_report.mjs PICTURES PAGE... (`make check-report`)
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The packages lie outside the clone, where `make check-report` puts them.
const require = createRequire(path.join(process.env.REPORT_TOOLS, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const VIEWS = [
  { name: "light", theme: "light", width: 1280 },
  { name: "dark", theme: "dark", width: 1280 },
  { name: "narrow", theme: "light", width: 390 },
  { name: "print", theme: "dark", width: 794, media: "print" }, // A4 at 96 dots an inch; paper is white all the same
];

const [pictures, ...pages] = process.argv.slice(2);
fs.mkdirSync(pictures, { recursive: true });
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
const faults = [];

async function open(file, view) {
  const page = await browser.newPage();
  const address = pathToFileURL(path.resolve(file)).href;
  const fault = (text) => faults.push(`${file}, ${view.name}: ${text}`);
  page.on("console", (message) => fault(`console: ${message.text()}`));
  page.on("pageerror", (error) => fault(`script: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) fault(`asks for ${request.url()}`);
  });
  await page.setBypassCSP(true); // for axe-core alone; the page's own rules stay in its file
  await page.emulateMediaType(view.media ?? "screen"); // first: it forgets the features
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.theme }]);
  await page.setViewport({ width: view.width, height: 900 });
  await page.goto(address, { waitUntil: "networkidle0" });
  return { page, fault };
}

async function checkAccess(page, fault) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const { impact, id, help, nodes } of violations) fault(`axe, ${impact}: ${id}, ${help}: ${nodes[0].html}`);
}

/** The keys must zoom the time line and bring it back. */
async function checkKeys(page, fault) {
  if (!(await page.$("#timeline"))) return;
  const shown = () => page.$eval("svg.lanes", (svg) => svg.getAttribute("viewBox"));
  const before = await shown();
  await page.focus("#timeline");
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowRight");
  if ((await shown()) === before) fault("the keys do not zoom the time line");
  await page.keyboard.press("0");
  if ((await shown()) !== before) fault("0 does not show the whole time line");
}

for (const file of pages) {
  const name = path.basename(path.dirname(path.resolve(file))) + "-" + path.basename(file, ".html");
  for (const view of VIEWS) {
    const { page, fault } = await open(file, view);
    await page.screenshot({ path: path.join(pictures, `${name}-${view.name}.png`), fullPage: true });
    await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
    if (!view.media) await checkAccess(page, fault);
    await checkKeys(page, fault);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    if (wide) fault("is wider than the window");
    await page.close();
  }
}
await browser.close();
for (const fault of faults) console.error(fault);
console.log(`${pages.length} pages, ${VIEWS.length} views each: ${faults.length} faults; pictures in ${pictures}`);
process.exit(faults.length ? 1 : 0);
