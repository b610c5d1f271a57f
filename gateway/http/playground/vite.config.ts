import { defineConfig, type Plugin } from "vite";

const BASE = "/playground/";

/**
 * Moves the fonts that GraphiQL's style sheets carry as `data:` addresses into files of their own, so that the
 * Content-Security-Policy can say `font-src 'self'` and a browser loads only the character ranges it shows.
 */
function fontsAsFiles(): Plugin {
  return {
    name: "fonts-as-files",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".css")) continue;
        file.source = file.source.toString().replace(
          /url\(["']?data:font\/(\w+);base64,([^)"']+)["']?\)/g,
          (_match, format: string, base64: string) => {
            const source = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
            const font = this.emitFile({ type: "asset", name: `font.${format}`, source });
            return `url(${BASE}${this.getFileName(font)})`;
          },
        );
      }
    },
  };
}

export default defineConfig({
  base: BASE,
  plugins: [fontsAsFiles()],
  worker: { format: "es" },
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000, // kB: Monaco is one large chunk, loaded after the page
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" marks in packages: for servers that render React, of which there is none here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
});
