// An app on probot that does per opened issue what the bot does for one with a field missing: labels in one call, then
// a comment. It neither reads a template nor keeps anything on disk. Throttling, retrying and logging are off.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createNodeMiddleware, Probot, ProbotOctokit } from 'probot'

const comment = readFileSync(process.env.COMMENT_PATH, 'utf8')
const probot = new Probot({
  appId: process.env.APP_ID,
  privateKey: readFileSync(process.env.PRIVATE_KEY_PATH, 'utf8'),
  secret: process.env.WEBHOOK_SECRET,
  baseUrl: process.env.GITHUB_API_URL,
  logLevel: 'fatal',
  // A function, as probot lays its own throttling options over an object's.
  Octokit: ProbotOctokit.defaults((options) => ({ ...options, throttle: { enabled: false }, retry: { enabled: false } }))
})

const middleware = await createNodeMiddleware((app) => {
  app.on('issues.opened', async (context) => {
    const issue = context.issue()
    await context.octokit.rest.issues.addLabels({ ...issue, labels: ['bug', 'needs-info'] })
    await context.octokit.rest.issues.createComment({ ...issue, body: comment })
  })
}, { probot })

const server = createServer((request, response) => middleware(request, response, () => response.writeHead(404).end()))
server.listen(Number(process.env.PORT), '127.0.0.1')
