/** How the page is bundled: one HTML file with its script and its style sheet beside it, all named by what they hold.
 *
 *  Nothing stands inside the HTML, and nothing is a `data:` URL but pictures, so that the server's Content-Security-Policy can
 *  forbid everything that is inline. Relative addresses: the page may be mounted anywhere. */
export default {
  base: "./",
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    // Loading the preload polyfill would put an inline script into the page.
    modulePreload: false,
    // What is bundled is under the MIT licence, which wants to come along.
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
};
