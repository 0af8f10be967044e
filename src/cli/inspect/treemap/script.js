// Draws what is in each built file as boxes within boxes. The tables below say the same without it.
const data = JSON.parse(document.getElementById("data").textContent);
const [map, crumbs, found, tip, legend] = ["map", "crumbs", "found", "tip", "legend"].map((id) => document.getElementById(id));
const [search, entry, measures] = ["search", "entry", "measure"].map((id) => document.getElementById(id));
const HUES = [22, 268, 150, 338, 185, 48, 300, 96, 240, 4, 168, 322];
const OWN = { name: "the site’s own", hue: 212 };

const drawn = data.files.filter((file) => file.kind !== "file");
const packages = coloured();
const state = { measure: "bytes", root: undefined, at: undefined, query: "", files: drawn };

// Nodes are { name, path, bytes, br, up, inside, hue, saturation, kind }; `inside` only where there is something.
function tree(files) {
  const root = { name: "All files", path: "", kind: "root", hue: OWN.hue, inside: files.map(fileNode) };
  return finished(root);
}

function fileNode(file) {
  const node = { name: file.path.split("/").pop(), path: file.path, kind: "file", hue: OWN.hue, saturation: "9%", inside: [], folders: new Map() };
  const sum = file.modules.reduce((sum, module) => sum + module.bytes, 0);
  // What modules weigh is an estimate; what their file weighs is not.
  const scale = Math.min(1, file.sizes.identity / Math.max(1, sum));
  const coded = (file.sizes.br ?? file.sizes.identity) / Math.max(1, file.sizes.identity);
  for (const { source, bytes } of file.modules) {
    const owner = packageOf(source);
    const place = owner === OWN ? source.split("/") : [owner.name, ...source.slice(source.lastIndexOf(owner.path) + owner.path.length + 1).split("/")];
    let at = node;
    for (const [depth, name] of place.slice(0, -1).entries()) {
      if (!at.folders.has(name)) {
        const kind = depth === 0 && owner !== OWN ? "package" : "folder";
        const folder = { name, path: kind === "package" ? name : `${at.kind === "file" ? "" : `${at.path}/`}${name}`, kind, inside: [], folders: new Map() };
        at.folders.set(name, folder);
        at.inside.push(folder);
      }
      at = at.folders.get(name);
      at.hue = owner.hue;
      at.saturation = owner.saturation;
    }
    const size = bytes * scale;
    at.inside.push({ name: place.at(-1) ?? source, path: source, kind: "module", hue: owner.hue, saturation: owner.saturation, bytes: size, br: size * coded });
  }
  const rest = file.sizes.identity - sum;
  if (rest > 0) node.inside.push({ name: "(what links them)", path: `${file.path}: what links its modules`, kind: "module", hue: 0, saturation: "0%", bytes: rest, br: rest * coded });
  return node;
}

// Adds sizes up, sorts, and takes folders that hold one folder together.
function finished(node) {
  delete node.folders;
  if (!node.inside) return node;
  node.inside = node.inside.map((child) => finished(child)).filter((child) => child.bytes > 0);
  const [only] = node.inside;
  if (["package", "folder"].includes(node.kind) && node.inside.length === 1 && only.inside) {
    only.name = `${node.name}/${only.name}`;
    return only;
  }
  for (const child of node.inside) child.up = node;
  node.bytes = node.inside.reduce((sum, child) => sum + child.bytes, 0);
  node.br = node.inside.reduce((sum, child) => sum + child.br, 0);
  return node;
}

// The largest packages have colours of their own, the others are grey.
function coloured() {
  const all = new Map();
  for (const file of data.files) {
    for (const { source, bytes } of file.modules) {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
      if (!name) continue;
      const owner = all.get(name) ?? { name, path: `node_modules/${name}`, bytes: 0 };
      owner.bytes += bytes;
      all.set(name, owner);
    }
  }
  const sorted = [...all.values()].sort((a, b) => b.bytes - a.bytes);
  for (const [nth, owner] of sorted.entries()) {
    owner.hue = HUES[nth] ?? 220;
    if (nth >= HUES.length) owner.saturation = "7%";
  }
  return all;
}

function packageOf(source) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
  return packages.get(name) ?? OWN;
}

// Squarified treemap (Bruls, Huizing, van Wijk): rows along the shorter side, as long as their boxes get squarer.
function squarified(nodes, { x, y, w, h }) {
  const placed = [];
  let total = nodes.reduce((sum, node) => sum + size(node), 0);
  let rest = [...nodes].sort((a, b) => size(b) - size(a));
  while (rest.length > 0 && total > 0) {
    const side = Math.min(w, h);
    const scale = (w * h) / total;
    const worst = (row, sum) => {
      const length = (sum * scale) / side;
      return Math.max(...[row[0], row.at(-1)].map((node) => { const other = (size(node) * scale) / length; return Math.max(length / other, other / length); }));
    };
    const row = [rest[0]];
    let sum = size(rest[0]);
    for (const node of rest.slice(1)) {
      if (worst([...row, node], sum + size(node)) > worst(row, sum)) break;
      row.push(node);
      sum += size(node);
    }
    const depth = Math.min((sum * scale) / side, Math.max(w, h));
    let along = 0;
    for (const node of row) {
      const length = (size(node) / sum) * side;
      placed.push([node, w >= h ? { x, y: y + along, w: depth, h: length } : { x: x + along, y, w: length, h: depth }]);
      along += length;
    }
    if (w >= h) [x, w] = [x + depth, w - depth];
    else [y, h] = [y + depth, h - depth];
    rest = rest.slice(row.length);
    total -= sum;
  }
  return placed;
}

function size(node) {
  return node[state.measure];
}

const boxes = new Map();

function draw(from) {
  boxes.clear();
  const sheet = document.createElement("div");
  const place = (node, { x, y, w, h }, top) => {
    const gap = top ? 2 : 1;
    [x, y, w, h] = [x + gap, y + gap, w - 2 * gap, h - 2 * gap];
    if (w < 2 || h < 2) return;
    const nests = Boolean(node.inside) && w > 34 && h > 40;
    sheet.append(box(node, { x, y, w, h }, nests));
    if (nests) for (const [child, area] of squarified(node.inside, { x: x + 3, y: y + 20, w: w - 6, h: h - 23 })) place(child, area);
  };
  const area = { x: 2, y: 2, w: map.clientWidth - 4, h: map.clientHeight - 4 };
  for (const [child, at] of squarified(state.root.inside ?? [], area)) place(child, at, true);
  map.replaceChildren(sheet);
  mark();
  const first = boxes.get(state.at) ?? boxes.values().next().value;
  if (first) first.tabIndex = 0;
  trail();
  if (from && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    sheet.animate([{ transform: from, opacity: 0.2 }, { transform: "none", opacity: 1 }], { duration: 240, easing: "cubic-bezier(.2, .7, .2, 1)" });
  }
}

function box(node, { x, y, w, h }, nests) {
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = -1;
  button.className = `box ${nests ? "frame" : ""} ${nests && node.kind === "file" ? "file" : ""} ${!nests && h > 38 ? "tall" : ""}`;
  button.style.cssText = `left:${x}px;top:${y}px;width:${w}px;height:${h}px`;
  button.style.setProperty("--hue", node.hue);
  if (node.saturation) button.style.setProperty("--saturation", node.saturation);
  button.setAttribute("aria-label", `${node.path || node.name}, ${said(node)}`);
  if (w > 42 && h > 18) {
    const text = document.createElement("span");
    const [name, figure] = [document.createElement("b"), document.createElement("small")];
    [name.textContent, figure.textContent] = [node.name, bytes(size(node))];
    text.append(name, w > 56 ? figure : "");
    button.append(text);
  }
  boxes.set(node, button);
  button.node = node;
  return button;
}

function said(node) {
  const whole = top();
  const here = state.root === whole ? "" : `, ${share(node, state.root)} of ${state.root.name}`;
  return `${bytes(size(node))}, ${share(node, whole)} of all${here}`;
}

function share(node, whole) {
  const percent = (100 * size(node)) / Math.max(1, size(whole));
  return percent < 0.1 ? "under 0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

function top() {
  let node = state.root;
  while (node.up) node = node.up;
  return node;
}

function trail() {
  const way = [];
  for (let node = state.root; node; node = node.up) way.unshift(node);
  const steps = way.map((node, nth) => {
    const step = document.createElement("span");
    if (nth > 0) step.className = "step";
    const name = document.createElement(node === state.root ? "span" : "button");
    name.textContent = node.name;
    if (node === state.root) {
      name.setAttribute("aria-current", "location");
      const figure = document.createElement("span");
      figure.className = "size";
      figure.textContent = bytes(size(node));
      name.append(figure);
    } else {
      name.type = "button";
      name.addEventListener("click", () => zoom(node));
    }
    step.append(name);
    return step;
  });
  crumbs.replaceChildren(...steps);
}

// Shows a node alone; one that holds nothing shows what it is in.
function zoom(node) {
  const to = node.inside ? node : node.up;
  if (!to || to === state.root) return;
  const deeper = to.up && ancestors(to).includes(state.root);
  const cell = boxes.get(to);
  const [left, upper, w, h] = cell ? [cell.offsetLeft, cell.offsetTop, cell.offsetWidth / map.clientWidth, cell.offsetHeight / map.clientHeight] : [0, 0, 1, 1];
  const keyboard = map.contains(document.activeElement);
  state.at = deeper ? to.inside[0] : state.root;
  state.root = to;
  hide();
  draw(deeper ? `translate(${left}px, ${upper}px) scale(${w}, ${h})` : "scale(1.05)");
  if (keyboard) map.querySelector("[tabindex='0']")?.focus();
}

function ancestors(node) {
  return node.up ? [node.up, ...ancestors(node.up)] : [];
}

// Whatever matches, and what holds it, stays; the rest fades.
function mark() {
  const query = state.query.toLowerCase();
  map.classList.toggle("searching", query !== "");
  let [count, sum] = [0, 0];
  const visit = (node, hit) => {
    const here = hit || `${node.path}`.toLowerCase().includes(query);
    if (node.kind === "module" && here) [count, sum] = [count + 1, sum + size(node)];
    const inside = (node.inside ?? []).map((child) => visit(child, here && node.kind !== "root")).includes(true);
    const shown = node.kind === "root" ? inside : here || inside;
    boxes.get(node)?.classList.toggle("hit", shown);
    return shown;
  };
  visit(state.root, false);
  found.textContent = query === "" ? "" : `${count.toLocaleString("en")} ${count === 1 ? "module" : "modules"}, ${bytes(sum)}`;
  for (const button of legend.querySelectorAll("button")) button.setAttribute("aria-pressed", String(query !== "" && button.dataset.query === state.query));
}

function listed() {
  const own = { ...OWN, bytes: 0, br: 0, query: "" };
  const sums = new Map([[OWN, own]]);
  const visit = (node) => {
    for (const child of node.inside ?? []) visit(child);
    if (node.kind !== "module") return;
    const owner = packageOf(node.path);
    const sum = sums.get(owner) ?? { ...owner, bytes: 0, br: 0, query: `${owner.path}/` };
    [sum.bytes, sum.br] = [sum.bytes + node.bytes, sum.br + node.br];
    sums.set(owner, sum);
  };
  visit(top());
  const chips = [...sums.values()].filter((owner) => owner.bytes > 0).sort((a, b) => size(b) - size(a)).slice(0, HUES.length);
  legend.replaceChildren(...chips.map((owner) => {
    const [item, button, figure] = ["li", "button", "small"].map((name) => document.createElement(name));
    button.type = "button";
    button.dataset.query = owner.query;
    button.style.setProperty("--hue", owner.hue);
    if (owner.saturation) button.style.setProperty("--saturation", owner.saturation);
    figure.textContent = `${bytes(size(owner))} · ${share(owner, top())}`;
    button.append(owner.name, figure);
    if (owner.query) {
      button.addEventListener("click", () => { search.value = state.query === owner.query ? "" : owner.query; searched(); });
    } else button.disabled = true;
    item.append(button);
    return item;
  }));
}

function searched() {
  state.query = search.value.trim();
  mark();
}

function show(target, x, y) {
  const { node } = target;
  const [path, figures] = [document.createElement("strong"), document.createElement("i")];
  path.textContent = node.path || node.name;
  figures.textContent = said(node);
  tip.replaceChildren(path, figures);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(x + 14, innerWidth - width - 8));
  const upper = y + 18 + height > innerHeight ? y - height - 12 : y + 18;
  tip.style.transform = `translate(${left}px, ${Math.max(8, upper)}px)`;
}

function hide() {
  tip.hidden = true;
}

// As the tables: powers of ten, two digits.
function bytes(count) {
  if (count < 999.5) return `${Math.round(count)} B`;
  let [value, unit] = [count, ""];
  for (const name of ["KB", "MB", "GB"]) {
    if (value < 999.5) break;
    [value, unit] = [value / 1000, name];
  }
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${unit}`;
}

function renew() {
  state.root = tree(state.files);
  state.at = undefined;
  draw();
  listed();
  mark();
}

map.addEventListener("click", (event) => {
  const target = event.target.closest(".box");
  if (target) zoom(target.node);
});
map.addEventListener("pointermove", (event) => {
  const target = event.target.closest(".box");
  if (target && event.pointerType !== "touch") show(target, event.clientX, event.clientY);
  else hide();
});
map.addEventListener("pointerleave", hide);
map.addEventListener("focusin", ({ target }) => {
  if (!target.matches(".box")) return;
  for (const other of map.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
  target.tabIndex = 0;
  state.at = target.node;
  if (!target.matches(":focus-visible")) return;
  const { left, bottom } = target.getBoundingClientRect();
  show(target, left, Math.min(bottom, innerHeight - 40) - 18);
});
map.addEventListener("focusout", hide);
map.addEventListener("keydown", (event) => {
  const { node } = event.target;
  if (!node) return;
  const near = (by) => {
    const row = [...(node.up?.inside ?? [])].sort((a, b) => size(b) - size(a)).filter((other) => boxes.has(other));
    return row[(row.indexOf(node) + by + row.length) % row.length];
  };
  const moves = {
    ArrowLeft: () => near(-1),
    ArrowRight: () => near(1),
    ArrowUp: () => node.up,
    ArrowDown: () => [...(node.inside ?? [])].sort((a, b) => size(b) - size(a)).find((child) => boxes.has(child)),
  };
  if (event.key in moves) boxes.get(moves[event.key]())?.focus({ focusVisible: true });
  else if (event.key === "Escape" || event.key === "Backspace") { if (state.root.up) zoom(state.root.up); }
  else return;
  event.preventDefault();
});
search.addEventListener("input", searched);
search.form.addEventListener("submit", (event) => event.preventDefault());
entry.addEventListener("change", () => {
  const chosen = data.entries[Number(entry.value)];
  const paths = chosen && new Set([chosen.file, ...chosen.imports, ...chosen.styles, ...chosen.later]);
  state.files = drawn.filter((file) => !paths || paths.has(file.path));
  renew();
});
measures.addEventListener("change", ({ target }) => {
  state.measure = target.value;
  draw();
  listed();
  mark();
});

if (drawn.length > 0) {
  document.getElementById("picture").hidden = false;
  measures.hidden = !drawn.some((file) => file.sizes.br);
  entry.append(new Option("All entries", ""), ...data.entries.map(({ source }, nth) => new Option(source, String(nth))));
  entry.closest("label").hidden = data.entries.length < 2;
  renew();
  let [width, height] = [map.clientWidth, map.clientHeight];
  new ResizeObserver(() => {
    if (map.clientWidth === width && map.clientHeight === height) return;
    [width, height] = [map.clientWidth, map.clientHeight];
    draw();
  }).observe(map);
}
