// What the build adds to the language, for the type checker.

interface ImportMetaEnv {
  readonly DEV: boolean;
  readonly PROD: boolean;
  /** `[sitekit.assets.env]` in config.toml. */
  readonly SAMPLE_SHELF: boolean;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
}

declare module "sitekit" {
  /** Names a script that may be needed soon. It is fetched when the browser has nothing better to do. */
  export function mayNeed(load: () => Promise<unknown>): void;
}

declare module "*.module.css" {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}

declare module "*.css" {}
