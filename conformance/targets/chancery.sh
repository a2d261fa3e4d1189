#!/bin/sh
# Makes of a new `chancery up` what the targets chancery and chancery-haip speak of: run where .chancery is, with both
# commands on the PATH. For test systems only: the authority and the wallet provider sign whatever they are asked to.
set -eu
umask 077
folder=.conformance
redirect=https://wallet.example/cb

conformance authority "$folder"
conformance wallet "$folder"
cat > "$folder/paid.json" <<'END'
{"name": "paid", "interval": 1, "fee": {"amount": "5", "currency": "EUR"}}
END
cat > "$folder/later.json" <<'END'
{"credential_configuration_id": "pid_later", "format": "dc+sd-jwt", "type": "urn:eudi:pid:1", "scope": "pid_later",
 "binding_methods": ["jwk"], "proof_types": {"jwt": ["ES256"]}}
END
cat > "$folder/typed.json" <<'END'
{"credential_configuration_id": "pid_typed", "format": "dc+sd-jwt", "type": "urn:eudi:pid:1", "scope": "pid_typed",
 "binding_methods": ["jwk"], "proof_types": {"jwt": ["ES256"]}, "display": [{"name": "Person", "locale": "en"}],
 "claims": [{"path": ["given_name"], "display": [{"name": "Given name", "locale": "en"}]}, {"path": ["family_name"]}]}
END
cat > "$folder/display.json" <<'END'
[{"name": "Demo", "locale": "en"}, {"name": "Vorführung", "locale": "de"}]
END
cat > "$folder/erika.json" <<'END'
{"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12", "org.iso.18013.5.1":
 {"family_name": "Mustermann", "given_name": "Erika", "birth_date": "1964-08-12", "issue_date": "2024-01-01",
  "expiry_date": "2034-01-01", "issuing_country": "DE", "issuing_authority": "Kreis Musterstadt",
  "document_number": "B072RRE2I55", "un_distinguishing_sign": "D",
  "driving_privileges": [{"vehicle_category_code": "B"}],
  "portrait": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="}}
END
cat > "$folder/verifier.json" <<'END'
{"transaction_data_types": {"urn:example:payment": {}}}
END
cat > "$folder/only-haip.json" <<'END'
{"profiles": ["haip-1.0"]}
END

# What both tenants have: names in two languages, a configuration whose credential waits until it is paid for, one by a
# type whose metadata is at its address, trust in the suite's own authority, and transactions that a holder may be asked
# to confirm.
furnish() {
    chancery issuer configure --display "$folder/display.json" "$@"
    chancery issuer policy "$folder/paid.json"
    chancery configuration create "$folder/later.json"
    chancery issuer source pid_later --policy paid
    chancery configuration create "$folder/typed.json"
    chancery type publish pid_typed person
    chancery trust add "$folder/authority.pem" --name "conformance authority"
    chancery verifier configure "$folder/verifier.json"
}

# The tenant that CHANCERY_API_KEY or the state folder names: the demo of a `chancery up`.
furnish
printf '%s' "${CHANCERY_API_KEY:-$(cat "${CHANCERY_HOME:-.chancery}/admin.key")}" > "$folder/demo.key"
link=$(chancery request --credential pid --json | sed -n 's/.*"authorization_request_uri": "\([^"]*\)".*/\1/p')
printf '{"attestation": "%s"}' "$(conformance attestation "$link")" > "$folder/attested.json"
chancery verifier configure "$folder/attested.json"
chancery client create portal --method private_key_jwt --jwks "$folder/client.jwks" --redirect-uri "$redirect"

# A tenant by HAIP 1.0.
chancery tenant create haip --country DE --configuration pid --configuration mdl --json > "$folder/haip.json"
sed -n 's/.*"api_key": "\([^"]*\)".*/\1/p' "$folder/haip.json" > "$folder/haip.key"
od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > "$folder/haip.password"
CHANCERY_API_KEY=$(cat "$folder/haip.key")
export CHANCERY_API_KEY
furnish --profile openid4vci-1.0 --profile haip-1.0
chancery verifier configure "$folder/only-haip.json"
chancery trust add "$folder/provider-root.pem" --role attest_wallet --name "conformance wallet provider"
chancery user create erika@example.org --password-file "$folder/haip.password" --claims "$folder/erika.json"
{ chancery ca; chancery ca --iaca; } > "$folder/haip-roots.pem"
