// Run in every page, in every look. Gives a list of faults a visitor would see, empty when all is well.
const faults = [];
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) {
  const wide = [...document.body.querySelectorAll("*")].find(
    (element) => element.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(element.parentElement),
  );
  faults.push(`wider than the window by ${root.scrollWidth - root.clientWidth} px: ${wide ? describe(wide) : "?"}`);
}
for (const image of document.images) {
  if (!image.complete || image.naturalWidth === 0) faults.push(`an image that does not show: ${image.src}`);
  if (!image.hasAttribute("alt")) faults.push(`an image without alternative text: ${image.src}`);
}
for (const control of document.querySelectorAll(":is(input, select, textarea):enabled")) {
  if (control.labels?.length === 0 && !control.hasAttribute("aria-label")) faults.push(`a field without a label: ${describe(control)}`);
}
for (const file of document.querySelectorAll("script[src], link[rel=stylesheet]")) {
  if (!file.integrity) faults.push(`without integrity: ${file.src ?? file.href}`);
}
if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main landmark");
if (document.querySelectorAll("h1").length !== 1) faults.push("not exactly one h1");
if (!root.lang) faults.push("no language");
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push(`two elements have the id ${id}`);
for (const [pair, ratio] of lowContrast()) faults.push(`contrast ${ratio.toFixed(2)}: ${pair}`);
return faults;

function describe(element) {
  return `<${element.localName} class="${element.getAttribute("class") ?? ""}">${element.textContent.trim().slice(0, 40)}`;
}

function scrolls(element) {
  for (let at = element; at && at !== document.body; at = at.parentElement) {
    if (getComputedStyle(at).overflowX !== "visible") return true;
  }
  return false;
}

// WCAG 2.2, 1.4.3: 4.5 for text, 3 for large text. Text on an image or a gradient is not judged.
function lowContrast() {
  const low = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest("script, style, noscript, progress, option, .visually-hidden, [inert]")) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const ink = colour(style.color);
    if (!ground || !ink) continue;
    const ratio = contrast(over(ink, ground), ground);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) low.set(describe(element), ratio);
  }
  return low;
}

function groundOf(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const style = getComputedStyle(at);
    if (style.backgroundImage !== "none" || style.opacity !== "1") return undefined;
    const layer = colour(style.backgroundColor);
    if (!layer) return undefined;
    layers.push(layer);
    if (layer[3] === 1) break;
  }
  const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  return layers.reduceRight((ground, layer) => over(layer, ground), canvas);
}

function colour(text) {
  const [, parts] = /^rgba?\((.*)\)$/.exec(text) ?? [];
  if (!parts) return undefined;
  const [red, green, blue, alpha = 1] = parts.split(/[\s,/]+/).map(Number);
  return [red, green, blue, alpha];
}

function over([red, green, blue, alpha], ground) {
  return [red, green, blue].map((part, at) => part * alpha + ground[at] * (1 - alpha)).concat(1);
}

function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb) {
  const [red, green, blue] = rgb.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
