#!/usr/bin/env bash
# usage: tools/dist_train.sh CONFIG PROCESSES [ARGUMENTS OF tools/train.py ...]
# On several machines, the same command on each, with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
# Without GPUs the processes run on CPUs and talk through gloo.
set -euo pipefail
config=$1 processes=$2
shift 2
here=$(cd "$(dirname "$0")/.." && pwd)

export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$here/tools/train.py" "$config" --launcher pytorch "$@"
