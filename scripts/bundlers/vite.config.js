import { defineConfig } from 'vite';

export default defineConfig({
  base: '/static/app/',
  build: { manifest: true, assetsInlineLimit: 0, outDir: 'out/vite', rollupOptions: { input: 'src/main.js' }, sourcemap: true },
});
