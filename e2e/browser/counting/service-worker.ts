import { indexedDBAdapter } from '../../../src/adapters/indexeddb/index.ts'
import { createCache } from '../../../src/index.ts'

declare const self: ServiceWorkerGlobalScope

const cache = createCache({ adapter: indexedDBAdapter({ name: 'tabs' }) })

self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()))
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

/** Counts as often as it is told to, and answers with what it got. */
self.addEventListener('message', (event) => {
  const counts = Array.from({ length: event.data as number }, () => cache.aincr('n', 1, { initial: 0 }))
  event.waitUntil(Promise.all(counts).then((counted) => event.source?.postMessage(counted)))
})
