// The first parser as a command: JSON lines in ({"body", "form"}), JSON lines out.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseIssue } from '@github/issue-parser'

const { forms } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
let out = []
for await (const line of createInterface({ input: process.stdin })) {
  const { id, body, form } = JSON.parse(line)
  out.push(JSON.stringify({ id, fields: parseIssue(body, forms[form]) }))
  if (out.length === 200) {
    process.stdout.write(out.join('\n') + '\n')
    out = []
  }
}
if (out.length) process.stdout.write(out.join('\n') + '\n')
