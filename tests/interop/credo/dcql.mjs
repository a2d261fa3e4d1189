#!/usr/bin/env node
// The DCQL engine of the npm package that Credo rests on, asked for a second opinion.
//
//   node dcql.mjs < {"cases": [{"query", "wallet"}]}      prints one {"valid", "matches": {query id: [index, ...]}, "satisfied"} each
import { DcqlQuery } from 'dcql'

/** A credential of the vectors in the package's words. */
function held({ format, vct, doctype, claims, holder_binding: bound }) {
  const common = { credential_format: format, cryptographic_holder_binding: bound ?? true }
  return format === 'mso_mdoc' ? { ...common, doctype, namespaces: claims ?? {} } : { ...common, vct, claims: claims ?? {} }
}

function opinion({ query, wallet }) {
  let asked
  try {
    asked = DcqlQuery.parse(query)
    DcqlQuery.validate(asked)
  } catch {
    return { valid: false }
  }
  const result = DcqlQuery.query(asked, (wallet ?? []).map(held))
  const matches = {}
  for (const [id, match] of Object.entries(result.credential_matches)) {
    matches[id] = match.success ? match.valid_credentials.map((one) => one.input_credential_index) : []
  }
  return { valid: true, matches, satisfied: result.can_be_satisfied }
}

let text = ''
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk
console.log(JSON.stringify(JSON.parse(text).cases.map(opinion)))
