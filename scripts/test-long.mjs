// npm run test:long: a hundred times as many random sequences as npm test runs.
process.env['NEARCACHE_MODEL_RUNS'] = '100'
await import('./test.mjs')
