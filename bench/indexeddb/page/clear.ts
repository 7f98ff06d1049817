import { contestants } from './contestants.ts'
import { countStored, type Task, taskFor } from './task.ts'
import { entries, mustEqual } from './values.ts'

const COUNT = 5_000
const records = entries(COUNT)

/** One prefix goes, the other stays. */
export const clear: Task = taskFor(
  contestants,
  { id: 'clear', label: 'clear by prefix, 5,000 of 10,000', operations: COUNT },
  async ({ clear, fill, store }, database) => {
    await fill(records, 'kept')
    return {
      prepare: () => fill(records, 'cleared'),
      run: () => clear('cleared'),
      check: async () => mustEqual(await countStored(database, store), COUNT, 'left after clear'),
    }
  },
)
