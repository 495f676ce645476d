#!/usr/bin/env bash
# usage: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [ARGUMENTS OF tools/test.py ...]
# Settings: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS; GPUS_PER_NODE=0 runs GPUS tasks on CPUs.
set -euo pipefail
partition=$1 job=$2
shift 2
gpus=${GPUS:-4} gpus_per_node=${GPUS_PER_NODE:-4}
resources=(--ntasks="$gpus" --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1)
if [ "$gpus_per_node" -gt 0 ]; then
    resources+=(--gres="gpu:$gpus_per_node" --ntasks-per-node="$gpus_per_node")
fi
here=$(cd "$(dirname "$0")/.." && pwd)

export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
# The first node of the allocation is known only inside it.
exec srun -p "$partition" --job-name="$job" "${resources[@]}" ${SRUN_ARGS:-} bash -c '
    export MASTER_ADDR=${MASTER_ADDR:-$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)}
    exec "${PYTHON:-python}" -u "$@"' \
    bash "$here/tools/test.py" "$@" --launcher slurm
