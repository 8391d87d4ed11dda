import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// SURVEILLX_WEB: where a running `surveillx web` answers, for `npm run dev`.
const web = process.env['SURVEILLX_WEB'] ?? 'http://127.0.0.1:5000';

export default defineConfig({
  // The server writes the path under which it is reached into index.html, so that one build works
  // under any (libs/webapp/src/dashboard_page.cpp).
  base: './',
  plugins: [react()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsDir: 'assets',
    // The server's CSP allows neither inline scripts nor data: fonts, so everything is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': web,
      '/socket.io': { target: web, ws: true },
    },
  },
  test: {
    // Components ask for jsdom in their first line; logic needs no page.
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
