#!/usr/bin/env bash
# usage: tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [ARGUMENTS OF tools/test.py ...]
# On several machines, the same command on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
# Without GPUs the processes run on CPUs and talk through gloo.
set -euo pipefail
config=$1 checkpoint=$2 processes=$3
shift 3
here=$(cd "$(dirname "$0")/.." && pwd)

export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$here/tools/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
