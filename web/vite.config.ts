import { defineConfig } from 'vitest/config';
import { oneFile } from './one_file.ts';

export default defineConfig({
  build: {
    target: 'es2022',
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: Infinity,
    rolldownOptions: { input: 'report.html', output: { format: 'iife' } },
  },
  plugins: [oneFile()],
  // Long limits: on a busy machine a test that is right takes many times as long.
  test: { include: ['src/**/*.test.ts', 'tests/*.test.ts'], testTimeout: 60_000 },
});
