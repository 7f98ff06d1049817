const status = document.querySelector('#status')
const { shard } = await (await fetch('/api/ping')).json()
if (status !== null) status.textContent = `The shard says ${shard}`
