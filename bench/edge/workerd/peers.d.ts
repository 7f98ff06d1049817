// As much of the peer as is called: it is installed only when `npm run bench:edge` is run.

declare module 'unstorage' {
  export function createStorage(options: { readonly driver: unknown }): {
    getItem(key: string): Promise<unknown>
    setItem(key: string, value: unknown): Promise<void>
  }
}

declare module 'unstorage/drivers/cloudflare-kv-binding' {
  export default function kvDriver(options: { readonly binding: unknown }): unknown
}
