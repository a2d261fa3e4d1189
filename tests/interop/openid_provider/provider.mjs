// An OpenID Provider that is not ours: panva's oidc-provider, on a free loopback port, with one person and its own
// sign-in page. `--client JSON` is the client it knows; prints {"port": …} once it listens; ends with its standard input.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const { values } = parseArgs({ options: { client: { type: "string" }, port: { type: "string" } } });
const PERSON = { given_name: "Erika", family_name: "Mustermann", birthdate: "1964-08-12", email: "erika@example.org" };

const key = async (algorithm, kid) => {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: algorithm, use: "sig" };
};

const server = createServer();
server.listen(Number(values.port), "127.0.0.1", async () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [JSON.parse(values.client)],
    jwks: { keys: [await key("RS256", "rsa"), await key("ES256", "ec")] },
    conformIdTokenClaims: process.env.CLAIMS_IN_USERINFO === "yes",
    claims: { openid: ["sub"], profile: ["given_name", "family_name", "birthdate"], email: ["email"] },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...PERSON }) }),
    pkce: { required: () => true },
    cookies: { keys: ["of a test"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
  });
  server.on("request", provider.callback());
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
process.stdin.on("end", () => process.exit(0)).resume();
