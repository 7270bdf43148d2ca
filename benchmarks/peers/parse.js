// One warm process with both parsers. Each line on stdin, {"peer", "seconds"}, runs one round and is answered by one line.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseIssue } from '@github/issue-parser'
import zentered from '@zentered/issue-forms-body-parser'

const { forms, samples } = JSON.parse(readFileSync(process.argv[2], 'utf8'))

const peers = {
  // Given the template, it reads that YAML on every call: it offers no way to hand in a template that was read before.
  'issue-parser': ({ body, form }) => parseIssue(body, forms[form]),
  'issue-parser without template': ({ body }) => parseIssue(body),
  'issue-forms-body-parser': ({ body }) => zentered(body)
}

let next = 0

async function round(parse, seconds) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const end = start + seconds * 1000
  let count = 0
  let fields = 0
  let failed = 0
  do {
    for (let i = 0; i < 20; i++) {
      try {
        const result = parse(samples[next++ % samples.length])
        fields += Object.keys(result instanceof Promise ? await result : result).length
      } catch {
        failed++
      }
    }
    count += 20
  } while (performance.now() < end)
  const used = process.cpuUsage(cpu)
  return { count, fields, failed, seconds: (performance.now() - start) / 1000, cpu: (used.user + used.system) / 1e6 }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { peer, seconds } = JSON.parse(line)
  console.log(JSON.stringify(await round(peers[peer], seconds)))
}
