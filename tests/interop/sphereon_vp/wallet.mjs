// A wallet on Sphereon's OpenID4VP client, one JSON object a line: {"link", "credential", "key": JWK, "authority": PEM}
//   -> {"ok": true, "result": {"status", "body", "client_id"}} or {"ok": false, "error"}
// The client asks for two things: whether a signature is of the key that it names, and a JWE.
import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { createInterface } from "node:readline";
import { OP } from "@sphereon/did-auth-siop";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { EncryptJWT, importJWK, jwtVerify } from "jose";

console.log = console.info = console.error; // what the client tells, so that standard output has answers alone

const digest = (data, name) => createHash(name.replace("-", "")).update(data).digest();

// Whose word the request is: the certificate that the authority certified and the identifier names, or the DID that is its key.
const keyOf = (verifier, { payload }, authority) => {
  const [prefix, name] = payload.client_id.split(/:(.*)/s);
  if (verifier.method === "did") {
    if (prefix !== "decentralized_identifier" || verifier.didUrl !== `${name}#0`) throw new Error("another DID");
    return importJWK(JSON.parse(Buffer.from(name.slice("did:jwk:".length), "base64url")), "ES256");
  }
  const leaf = new X509Certificate(Buffer.from(verifier.x5c[0], "base64"));
  if (!leaf.verify(new X509Certificate(authority).publicKey)) throw new Error("a certificate of another authority");
  const named = { x509_san_dns: () => leaf.checkHost(name), x509_hash: () => digest(leaf.raw, "sha-256").toString("base64url") === name };
  if (!named[prefix]?.()) throw new Error("a certificate of another name");
  return leaf.publicKey;
};

const presentation = (credential, names, request, key) => {
  const kbSigner = (data) => sign("sha256", Buffer.from(data), {
    key: createPrivateKey({ key, format: "jwk" }), dsaEncoding: "ieee-p1363",
  }).toString("base64url");
  const wallet = new SDJwtVcInstance({ hasher: digest, kbSigner, kbSignAlg: "ES256" });
  const payload = { aud: request.client_id, nonce: request.nonce, iat: Math.floor(Date.now() / 1000) };
  return wallet.present(credential, Object.fromEntries(names.map((name) => [name, true])), { kb: { payload } });
};

const encrypted = async ({ authorizationResponsePayload, requestObjectPayload, clientMetadata }) => {
  const key = await OP.extractEncJwksFromClientMetadata(clientMetadata);
  const [enc] = requestObjectPayload.client_metadata.encrypted_response_enc_values_supported;
  const jwe = new EncryptJWT({ ...authorizationResponsePayload }).setProtectedHeader({ alg: key.alg, enc, kid: key.kid });
  return { response: await jwe.encrypt(await importJWK(key, key.alg)) };
};

const present = async ({ link, credential, key, authority }) => {
  const verifyJwtCallback = async (verifier, jwt) => Boolean(await jwtVerify(jwt.raw, await keyOf(verifier, jwt, authority)));
  const client = OP.builder()
    .withIssuer("https://self-issued.me/v2").withHasher(digest).withVerifyJwtCallback(verifyJwtCallback)
    .withCreateJwtCallback(async () => { throw new Error("no ID Token is wanted"); })
    .build();
  const verified = await client.verifyAuthorizationRequest(link);
  const request = verified.payload ?? verified.authorizationRequestPayload;
  const [asked] = verified.dcqlQuery.credentials;
  const names = asked.claims.map((claim) => claim.path[0]);
  const dcqlPresentation = { [asked.id]: [await presentation(credential, names, request, key)] };
  const response = await client.createAuthorizationResponse(verified, { dcqlResponse: { dcqlPresentation } });
  const answer = await client.submitAuthorizationResponse(response, encrypted);
  return { status: answer.status, body: await answer.text(), client_id: request.client_id };
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { ok: true, result: await present(JSON.parse(line)) };
  } catch (error) {
    answer = { ok: false, error: String(error?.stack ?? error).slice(0, 1200) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
