// What sitekit adds to the language, for the type checker: printed by `sitekit types`.

interface ImportMetaEnv {
  readonly MODE: "development" | "production";
  readonly DEV: boolean;
  readonly PROD: boolean;
  readonly SSR: false;
  /** The path at which the site is mounted, with a slash at its end. */
  readonly BASE_URL: string;
}

interface ImportGlobOptions<Eager extends boolean, Query = string | Readonly<Record<string, string | true>>> {
  /** Whether the modules are imported at once. */
  readonly eager?: Eager;
  /** The one export that is wanted. */
  readonly import?: string;
  /** What is put behind each path: `"?raw"`, `"?url"`. */
  readonly query?: Query;
  /** Whether packages and hidden files count. */
  readonly exhaustive?: boolean;
  /** The folder that patterns and keys are relative to. */
  readonly base?: string;
}

/** `query` with which each module is one string. */
type ImportGlobText = "raw" | "?raw" | "url" | "?url" | "inline" | "?inline";

/** A module, as `import()` gives it. */
type HotModule = Record<string, any> & { readonly [Symbol.toStringTag]: "Module" };

/** What a module says of how it is replaced while a page is open, in development. */
interface ImportMetaHot {
  /** Kept from one version of the module to the next. */
  readonly data: any;
  /** The module can be replaced; `callback` is given the new one. */
  accept(callback?: (module: HotModule | undefined) => void): void;
  /** What it imports can be replaced. */
  accept(dependency: string, callback: (module: HotModule | undefined) => void): void;
  accept(dependencies: readonly string[], callback: (modules: (HotModule | undefined)[]) => void): void;
  acceptExports(names: string | readonly string[], callback?: (module: HotModule | undefined) => void): void;
  /** Runs before the module is replaced. */
  dispose(callback: (data: any) => void): void;
  /** Runs when nothing imports the module any more. */
  prune(callback: (data: any) => void): void;
  decline(): void;
  /** What imports the module has to be replaced as well. */
  invalidate(message?: string): void;
  on(event: string, callback: (payload: any) => void): void;
  off(event: string, callback: (payload: any) => void): void;
  send(event: string, data?: any): void;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
  /** In development, where modules can be replaced; `undefined` else. */
  readonly hot?: ImportMetaHot;

  /** The files that patterns mean, found when the site is built. */
  glob(
    patterns: string | readonly string[],
    options: ImportGlobOptions<true, ImportGlobText> & { readonly eager: true; readonly import: "default" },
  ): Record<string, string>;
  glob(
    patterns: string | readonly string[],
    options: ImportGlobOptions<false, ImportGlobText> & { readonly import: "default" },
  ): Record<string, () => Promise<string>>;
  glob<Module = unknown>(
    patterns: string | readonly string[],
    options: ImportGlobOptions<true> & { readonly eager: true },
  ): Record<string, Module>;
  glob<Module = unknown>(
    patterns: string | readonly string[],
    options?: ImportGlobOptions<false>,
  ): Record<string, () => Promise<Module>>;
}

declare module "sitekit" {
  /** Names a script that may be needed soon. It is fetched when the browser has nothing better to do, and does not run. */
  export function mayNeed(load: () => Promise<unknown>): void;
}

declare module "*?url" {
  const url: string;
  export default url;
}

declare module "*?raw" {
  const text: string;
  export default text;
}

declare module "*?inline" {
  const text: string;
  export default text;
}

declare module "*?worker" {
  const worker: new (options?: WorkerOptions) => Worker;
  export default worker;
}

declare module "*?sharedworker" {
  const worker: new (options?: WorkerOptions) => SharedWorker;
  export default worker;
}

// The first that fits counts.
declare module "*.module.css" {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}

declare module "*.module.scss" {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}

declare module "*.module.sass" {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}

declare module "*.css" {}
declare module "*.scss" {}
declare module "*.sass" {}
