/** Runs `work` for each item, as many at once as there may be connections, and returns the errors. */
export async function withEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<unknown[]> {
  const errors: unknown[] = []
  const waiting = items.values()
  const connection = async (): Promise<void> => {
    for (const item of waiting) await work(item).catch((error: unknown) => errors.push(error))
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  return errors
}

/** https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections */
const CONNECTIONS = 6
