// Stores the page itself for offline use. API answers are stored by nearcache in IndexedDB.
declare const self: ServiceWorkerGlobalScope
/** The files of the page and their hash. build.mjs inserts them. */
declare const SHELL: readonly string[]
declare const SHELL_HASH: string

const NAME = `shell-${SHELL_HASH}`

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(SHELL))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOldShells().then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url)
  const ours = event.request.method === 'GET' && origin === self.location.origin
  if (ours && !pathname.startsWith('/api/')) event.respondWith(fromShell(event.request, pathname))
})

async function fromShell(request: Request, pathname: string): Promise<Response> {
  const cache = await caches.open(NAME)
  const kept = await cache.match(pathname)
  if (kept !== undefined) return kept
  if (!pathname.startsWith('/flags/')) return fetch(request)
  try {
    // There are too many flags to fetch in advance. Each is stored once it was shown.
    const response = await fetch(request)
    if (response.ok) await cache.put(pathname, response.clone())
    return response
  } catch {
    // Offline, the page shows the country's code. This avoids a failed request in the console.
    return new Response(null, { status: 204 })
  }
}

async function dropOldShells(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('shell-') && name !== NAME)
  await Promise.all(old.map((name) => caches.delete(name)))
}
