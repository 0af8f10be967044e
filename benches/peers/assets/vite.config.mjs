// What is asked of sitekit and esbuild alike: a file of its own for everything, no polyfill, no counting of bytes while
// the clock runs. The browsers are those that all three have by default, or are told to have.

export default {
  logLevel: "warn",
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  worker: { format: "es" },
  define: {
    "import.meta.env.VITE_LIMIT": JSON.stringify("100"),
    "import.meta.env.API": JSON.stringify("https://api.example.com/v1"),
  },
};
