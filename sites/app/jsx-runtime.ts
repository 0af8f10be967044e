// What JSX is compiled to: elements of the page, made at once. Text is always text: nothing here parses HTML.

type Child = Node | string | number | boolean | null | undefined | readonly Child[];

type Value = string | number | boolean | null | undefined;

type Attribute =
  | "accept" | "autocomplete" | "autofocus" | "checked" | "class" | "download" | "for" | "height" | "href" | "id" | "inert"
  | "inputmode" | "max" | "method" | "min" | "name" | "pattern" | "placeholder" | "required" | "role" | "rows" | "selected"
  | "style" | "tabindex" | "title" | "type" | "value" | "viewBox" | "width" | "x" | "y";

type Attributes = { readonly [Name in Attribute]?: Value } & {
  readonly [Name in keyof GlobalEventHandlersEventMap as `on${Name}`]?: (event: GlobalEventHandlersEventMap[Name]) => void;
} & { readonly children?: Child };

type Component = (properties: never) => Child;

type Properties = Readonly<Record<string, unknown>> & { readonly children?: Child };

/** What the type checker asks for. Attributes with a hyphen, `aria-label`, are always allowed. */
export declare namespace JSX {
  type Element = Node;
  type ElementType = keyof IntrinsicElements | Component;
  type IntrinsicElements = Readonly<Record<keyof HTMLElementTagNameMap | keyof SVGElementTagNameMap, Attributes>>;
  interface ElementChildrenAttribute {
    readonly children: unknown;
  }
}

const SVG = "http://www.w3.org/2000/svg";
const SVG_ELEMENTS: ReadonlySet<string> = new Set(["svg", "g", "rect", "text"]);

/** An element, or what a component makes. `onclick` and its like are listeners, `true` is an empty attribute, `false` is none. */
export function jsx(type: string | Component, { children, ...attributes }: Properties): Node {
  if (typeof type === "function") return Fragment({ children: type({ children, ...attributes } as never) });
  const element = SVG_ELEMENTS.has(type) ? document.createElementNS(SVG, type) : document.createElement(type);
  for (const [name, value] of Object.entries(attributes)) decorate(element, name, value);
  append(element, children);
  return element;
}

export { jsx as jsxs };

export function Fragment({ children }: { readonly children?: Child }): Node {
  if (children instanceof Node) return children;
  const fragment = document.createDocumentFragment();
  append(fragment, children);
  return fragment;
}

function decorate(element: HTMLElement | SVGElement, name: string, value: unknown): void {
  if (typeof value === "function") {
    element.addEventListener(name.replace(/^on/, ""), value as EventListener);
  } else if (name === "style") {
    // Not as an attribute: the page's Content-Security-Policy allows no style that is written as text.
    element.style.cssText = String(value);
  } else if (value !== null && value !== undefined && value !== false) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(parent: ParentNode, child: Child): void {
  if (isList(child)) for (const each of child) append(parent, each);
  else if (child instanceof Node || typeof child === "string") parent.append(child);
  else if (typeof child === "number") parent.append(String(child));
}

function isList(child: Child): child is readonly Child[] {
  return Array.isArray(child);
}
