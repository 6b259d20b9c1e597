#!/usr/bin/env bash
# Makes keys and lays them out in a folder for each holder, as the script of this name always did:
#
#   DIR/acra-server      ID_server, ID_storage, ID.pub
#   DIR/acra-connector   ID, ID_server.pub
#   DIR/acra-writer      ID_storage.pub
#
# Needs ACRA_MASTER_KEY. `acra keys layout` does the same without a shell.

set -euo pipefail

keys_dir=./.acrakeys
client_id=testclientid
kinds=()

usage() {
  cat <<'HELP'
Usage: generate-keys.sh [OPTIONS]

  --keys_dir DIR                  folder that gets the folders of keys (./.acrakeys)
  --client_id ID                  client that the keys are made for (testclientid)
  --generate_acraserver_keys      make the server's transport keys
  --generate_acraconnector_keys   make the connector's transport keys
  --generate_acrawriter_keys      make the storage keys
  help, --help, -h                show this

Without any of the --generate flags all three are made. Values are words of their own:
  generate-keys.sh --keys_dir ./keys --client_id shop
HELP
}

fail() {
  echo "ERROR: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case "$1" in
    --keys_dir | --client_id)
      [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a value"
      if [ "$1" = --keys_dir ]; then keys_dir=$2; else client_id=$2; fi
      shift 2
      ;;
    --generate_acraserver_keys) kinds+=(server) && shift ;;
    --generate_acraconnector_keys) kinds+=(connector) && shift ;;
    --generate_acrawriter_keys) kinds+=(writer) && shift ;;
    help | --help | -h)
      usage
      exit 0
      ;;
    *)
      echo "unknown option: $1" >&2
      usage
      exit 3
      ;;
  esac
done
[ ${#kinds[@]} -gt 0 ] || kinds=(server connector writer)

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if command -v acra-keymaker >/dev/null; then
  keymaker=(acra-keymaker)
elif command -v acra >/dev/null; then
  keymaker=(acra keymaker)
elif [ -x "$top/dist/acra" ]; then
  keymaker=("$top/dist/acra" keymaker)
else
  fail "neither acra-keymaker nor acra is in PATH, and there is no dist/acra (bun run build)"
fi

# make_pair KIND PRIVATE_HOLDER PUBLIC_HOLDER
make_pair() {
  local private_dir=$keys_dir/acra-$2 public_dir=$keys_dir/acra-$3
  mkdir -p -- "$private_dir" "$public_dir"
  chmod -R a-rwx,u+rwX -- "$private_dir" "$public_dir"
  "${keymaker[@]}" "--client_id=$client_id" "--generate_acra$1_keys" \
    "--keys_output_dir=$private_dir" "--keys_public_output_dir=$public_dir" ||
    fail "making the $1 keys failed"
}

# In this order, whatever the order of the flags.
for kind in server connector writer; do
  case " ${kinds[*]} " in *" $kind "*) ;; *) continue ;; esac
  case "$kind" in
    server) make_pair server server connector ;;
    connector) make_pair connector connector server ;;
    writer) make_pair writer server writer ;;
  esac
done
