// npm run test:long: runs a hundred times as many random sequences as npm test.
process.env['NEARCACHE_MODEL_RUNS'] = '100'
await import('./test.mjs')
