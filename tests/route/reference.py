#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""reference.py -- the routing of small batches by every strategy that works on logits, in plain Python.

Writes into the folder NAME.csv and NAME.npy, the logits, and CASE.wanted, what `moesim route` is to print for each row
of CASES.  It follows the papers, in double precision, and shares nothing with the program.
"""
import csv
import math
import struct
import sys

INF = float('inf')


# ---- logits ----------------------------------------------------------------------------------------------------------

def stream(seed):
    """Uniform numbers in [0, 1) of a linear congruential generator (Knuth's MMIX)."""
    while True:
        seed = (6364136223846793005 * seed + 1442695040888963407) % 2**64
        yield (seed >> 40) / 2**24


def draw(seed, tokens, experts, low, high):
    numbers = stream(seed)
    return [[round(low + (high - low) * next(numbers), 4) for _ in range(experts)] for _ in range(tokens)]


def mixed():
    """Plain rows, and in each third one two experts that are almost equal, in the other order in every sixth."""
    rows = draw(1, 24, 16, -3, 3)
    for t in range(0, 24, 3):
        first, second = (t // 3) % 16, (t // 3 + 5) % 16
        rows[t][first] = 3.5
        rows[t][second] = 3.5 + (2e-5 if t % 2 else -2e-5)
    return rows


def clear():
    """The best two of a token are equal, or the second is out of the question: chance has no say."""
    rows = []
    for t in range(16):
        row = [-30.0] * 8
        row[t * 3 % 8] = 5.0
        if t % 3 == 0:
            row[t * 3 % 8] = row[(t * 3 + 4) % 8] = 4.0
        rows.append(row)
    return rows


LOGITS = {
    'mixed': mixed(),
    'negative': draw(2, 12, 16, -9, -1),
    'equal': [[0.25] * 8 for _ in range(6)],
    'one': draw(3, 1, 8, -2, 2),
    'clear': clear(),
}
BIAS = [round(-1.5 + 3 * x, 4) for x, _ in zip(stream(5), range(16))]


# ---- parts -----------------------------------------------------------------------------------------------------------

def softmax(row):
    powers = [math.exp(z - max(row)) for z in row]
    return [p / math.fsum(powers) for p in powers]


def sigmoid(row):
    return [1 / (1 + math.exp(-z)) for z in row]


def relu(row):
    return [max(z, 0.0) for z in row]


def best(values, k):
    """The k largest, of equals the one that stands first."""
    return sorted(range(len(values)), key=lambda e: (-values[e], e))[:k]


def top_k(choice, k, **_):
    return [[(e, rank) for rank, e in enumerate(best(row, k))] for row in choice]


def group_top(choice, k, groups, group_top_k, two_best=True, quota=False, **_):
    picks = []
    for row in choice:
        size = len(row) // groups
        parts = [sorted(row[g * size:(g + 1) * size], reverse=True) for g in range(groups)]
        value = [math.fsum(part[:2]) if two_best else part[0] for part in parts]
        allowed = best(value, group_top_k)
        masked = [z if e // size in allowed else -INF for e, z in enumerate(row)]
        for g in allowed if quota else []:
            for e in best(row[g * size:(g + 1) * size], size)[k // group_top_k:]:
                masked[g * size + e] = -INF
        picks.append([(e, rank) for rank, e in enumerate(best(masked, k))])
    return picks


def expert_top(choice, k, length=None, **_):
    tokens, experts = len(choice), len(choice[0])
    length = length or tokens
    picks = [[] for _ in choice]
    for first in range(0, tokens, length):
        take = min(length, -(-k * length // experts))
        for e in range(experts):
            column = [choice[t][e] for t in range(first, first + length)]
            for t in best(column, take):
                picks[first + t].append((e, 0))
    return picks


def top_p(choice, p, most=None, **_):
    picks = []
    for row in choice:
        total, reached, chosen = math.fsum(row), 0, []
        for e in best(row, len(row)):
            if chosen and (reached >= p * total or len(chosen) == most):
                break
            chosen.append((e, len(chosen)))
            reached += row[e]
        picks.append(chosen)
    return picks


def positive(choice, **_):
    """Of a token's experts none comes before another; moesim lists them by falling scores."""
    return [[(e, 0) for e, c in enumerate(row) if c > 0] for row in choice]


def second_by_share(choice, k, second, **_):
    """Logits are such that the second is taken for sure or not at all."""
    picks = []
    for row in choice:
        first, other = best(row, 2)
        taken = row[other] / (row[first] + row[other]) > 1e-6
        picks.append([(first, 0)] + ([(other, 1)] if taken else []))
    return picks


def drop(picks, choice, capacity, lowest_score):
    """The pairs that stay: all first choices before any second one, in the order of the batch, or the best scores."""
    pairs = [(rank, t, e) for t, chosen in enumerate(picks) for e, rank in chosen]
    pairs.sort(key=lambda p: (-choice[p[1]][p[2]], p[1]) if lowest_score else (p[0], p[1]))
    count, kept = {}, set()
    for _, t, e in pairs:
        count[e] = count.get(e, 0) + 1
        if count[e] <= capacity:
            kept.add((t, e))
    return kept


# ---- losses ----------------------------------------------------------------------------------------------------------

def aux(scores, picks, length, count='all', in_balance=1):
    """E sum_e f_e P_e, over each group of `length` tokens, averaged."""
    tokens, experts = len(scores), len(scores[0])
    total = 0
    for first in range(0, tokens, length):
        group = range(first, first + length)
        counted = [0] * experts
        for t in group:
            chosen = [e for e, rank in picks[t] if rank == 0 or count == 'all']
            for e in best(scores[t], len(picks[t])) if count == 'scores' else chosen:
                counted[e] += 1
        mean = [math.fsum(scores[t][e] / math.fsum(scores[t]) for t in group) / length for e in range(experts)]
        value = experts * math.fsum(c / sum(counted) * p for c, p in zip(counted, mean))
        total += in_balance * value * length / tokens
    return total


def z_loss(logits):
    return math.fsum(math.log(math.fsum(math.exp(z) for z in row)) ** 2 for row in logits) / len(logits)


def l1(scores, picks, k, even=True):
    """Each expert's scores, weighed by its share of the k choices a token should make."""
    tokens, experts = len(scores), len(scores[0])
    load = [sum(e == chosen for row in picks for chosen, _ in row) * experts / (k * tokens) for e in range(experts)]
    return math.fsum(math.fsum(s * (f if even else 1) for s, f in zip(row, load)) for row in scores) / tokens


# ---- one batch -------------------------------------------------------------------------------------------------------

def route(logits, scorer=softmax, selector=top_k, gate='renorm', scale=1, over='kept', bias=None, capacity=None,
          lowest_score=False, **options):
    scores = [scorer(row) for row in logits]
    choice = [[s + b for s, b in zip(row, bias)] for row in scores] if bias else scores
    picks = selector(choice, **options)
    k, tokens, experts = options['k'], len(logits), len(logits[0])
    room = math.ceil(round(capacity * k * tokens / experts, 9)) if capacity else INF
    kept = drop(picks, choice, room, lowest_score)
    lines = []
    for t, chosen in enumerate(picks):
        order = sorted(chosen, key=lambda pick: (pick[1], -choice[t][pick[0]], pick[0]))
        if over == 'best':
            total = math.fsum(scores[t][e] for e in best(choice[t], k))
        else:
            total = math.fsum(scores[t][e] for e, _ in chosen if (t, e) in kept or over == 'chosen')
        for number, (e, _) in enumerate(order):
            score = scores[t][e]
            weight = {'renorm': scale * score / total if total else 0, 'score': scale * score, 'unit': 1}[gate]
            stays = (t, e) in kept
            lines.append((t, number, e, score, weight if stays else 0, int(stays)))
    return scores, picks, lines


def megatron(logits, topk, score='softmax', pre_softmax=False, groups=None, group_topk=None, scale=1, bias=None,
             factor=None, policy='probs'):
    """topk_routing_with_score_function and apply_router_token_dropping of megatron/core/transformer/moe/moe_utils.py."""
    scores = [softmax(row) if score == 'softmax' else sigmoid(row) for row in logits]
    tokens, experts = len(logits), len(logits[0])
    probs, chosen = [dict() for _ in logits], []
    for t, row in enumerate(logits):
        base = row if score == 'softmax' and not pre_softmax else scores[t]
        routed = [s + b for s, b in zip(base, bias)] if bias else base
        if groups:
            size = experts // groups
            value = [sum(sorted(routed[g * size:(g + 1) * size])[-(topk // group_topk):]) for g in range(groups)]
            routed = [z if e // size in best(value, group_topk) else -INF for e, z in enumerate(routed)]
        top = best(routed, topk)
        chosen.append(top)
        if score == 'softmax':
            weights = [scores[t][e] for e in top] if pre_softmax else softmax([row[e] for e in top])
        else:
            total = sum(scores[t][e] for e in top)
            weights = [scores[t][e] / total if topk > 1 else scores[t][e] for e in top]
        probs[t] = {e: w * scale for e, w in zip(top, weights)}
    kept = {(t, e) for t in range(tokens) for e in chosen[t]}
    capacity = math.ceil(tokens * topk / experts * factor) if factor else INF
    for e in range(experts):
        users = [t for t in range(tokens) if e in probs[t]]
        if policy == 'probs':
            users.sort(key=lambda t: (-probs[t][e], t))
        kept -= {(t, e) for t in users[int(min(capacity, tokens)):]}
    lines = [(t, number, e, scores[t][e], probs[t][e] if (t, e) in kept else 0, int((t, e) in kept))
             for t in range(tokens) for number, e in enumerate(chosen[t])]
    return scores, [[(e, rank) for rank, e in enumerate(top)] for top in chosen], lines


def metrics(scores, picks, lines, logits, losses):
    experts = len(logits[0])
    load = [0] * experts
    for chosen in picks:
        for e, _ in chosen:
            load[e] += 1
    total = sum(load)
    mean = total / experts
    shares = [c / total for c in load]
    entropy = -math.fsum(f * math.log(f) for f in shares if f)
    rows = {
        'tokens': len(logits), 'experts': experts, 'assignments': total,
        'maxvio': max(load) / mean - 1, 'minvio': 1 - min(load) / mean,
        'cv': math.sqrt(math.fsum((c - mean) ** 2 for c in load) / experts) / mean,
        'entropy': entropy, 'effective_experts': math.exp(entropy), 'dead_experts': sum(c < mean / 100 for c in load),
        'gini': math.fsum((2 * i - experts - 1) * c for i, c in enumerate(sorted(load), 1)) / experts / total,
        'utilisation': math.fsum(min(f, 1 / experts) for f in shares),
        'drop_rate': 1 - sum(line[5] for line in lines) / total,
        'token_drop_rate': 1 - len({line[0] for line in lines if line[5]}) / len(logits),
        'top1_prob': math.fsum(max(row) / math.fsum(row) for row in scores) / len(scores),
        'route_entropy': -math.fsum(s / math.fsum(row) * math.log(s / math.fsum(row)) for row in scores for s in row if s)
        / len(scores),
        'logit_z': z_loss(logits),
    }
    return {**rows, **losses}


V3 = {'scorer': sigmoid, 'selector': group_top, 'groups': 4, 'group_top_k': 2, 'k': 3, 'scale': 2.5}
CASES = [
    # name, logits, arguments of `moesim route`, the same in words of this file
    ('top-k', 'mixed', '--strategy top-k', {'k': 2}),
    ('top-k-5', 'mixed', '--strategy top-k --top-k 5', {'k': 5}),
    ('top-k-all', 'mixed', '--strategy top-k --top-k 16', {'k': 16}),
    ('aux-loss', 'mixed', '--strategy aux-loss', {'k': 2}),
    ('bias', 'mixed', '--strategy bias', {'k': 2}),
    ('biased', 'mixed', '--strategy bias --bias bias.csv', {'k': 2, 'bias': BIAS}),
    ('bias-sigmoid', 'mixed', '--strategy bias-sigmoid', {'k': 2, 'scorer': sigmoid, 'gate': 'score'}),
    ('expert-choice', 'mixed', '--strategy expert-choice', {'k': 2, 'selector': expert_top}),
    ('shared', 'mixed', '--strategy shared', {'k': 1, 'gate': 'score'}),
    ('switch', 'mixed', '--strategy switch', {'k': 1, 'gate': 'score', 'capacity': 1.25}),
    ('lowest-score', 'mixed', '--strategy top-k --capacity 1 --overflow lowest-score',
     {'k': 2, 'capacity': 1, 'lowest_score': True}),
    ('by-position', 'mixed', '--strategy top-k --capacity 0.8', {'k': 2, 'capacity': 0.8}),
    ('mixtral', 'mixed', '--strategy mixtral', {'k': 2}),
    ('grok-1', 'mixed', '--strategy grok-1', {'k': 2, 'gate': 'score'}),
    ('deepseek-moe', 'mixed', '--strategy deepseek-moe', {'k': 6, 'gate': 'score'}),
    ('two-best', 'mixed', '--strategy deepseek-v3,groups=4,group-top-k=2,k=3', V3),
    ('negative-groups', 'negative', '--strategy deepseek-v3,groups=4,group-top-k=2,k=3', V3),
    ('biased-groups', 'negative', '--strategy deepseek-v3,groups=4,group-top-k=2,k=3 --bias bias.csv',
     {**V3, 'bias': BIAS}),
    ('best-of-group', 'negative', '--strategy deepseek-v3,groups=4,group-top-k=1,group-score=best,k=4 --bias bias.csv',
     {**V3, 'group_top_k': 1, 'k': 4, 'two_best': False, 'bias': BIAS}),
    ('t-route', 'mixed', '--strategy t-route,k=4,group-top-k=2,groups=4',
     {'k': 4, 'selector': group_top, 'groups': 4, 'group_top_k': 2, 'two_best': False, 'quota': True}),
    ('t-route-equal', 'equal', '--strategy t-route,k=4,group-top-k=2,groups=4',
     {'k': 4, 'selector': group_top, 'groups': 4, 'group_top_k': 2, 'two_best': False, 'quota': True}),
    ('top-p-raw', 'mixed', '--strategy top-p', {'k': 2, 'selector': top_p, 'p': 0.4, 'gate': 'score'}),
    ('top-p', 'mixed', '--strategy selector=top-p,p=0.6', {'k': 2, 'selector': top_p, 'p': 0.6}),
    ('top-p-most', 'mixed', '--strategy selector=top-p,p=0.9,most=3', {'k': 2, 'selector': top_p, 'p': 0.9, 'most': 3}),
    ('remoe', 'mixed', '--strategy remoe', {'k': 2, 'scorer': relu, 'selector': positive, 'gate': 'score'}),
    ('remoe-nothing', 'negative', '--strategy remoe', {'k': 2, 'scorer': relu, 'selector': positive, 'gate': 'score'}),
    ('remoe-equal', 'equal', '--strategy remoe,factor=2', {'k': 2, 'scorer': relu, 'selector': positive, 'gate': 'score'}),
    ('st-moe', 'clear', '--strategy st-moe', {'k': 2, 'selector': second_by_share, 'second': 0.2, 'over': 'best',
                                             'capacity': 1.25}),
    ('gshard', 'clear', '--strategy gshard', {'k': 2, 'selector': second_by_share, 'second': 0.5, 'over': 'best',
                                             'capacity': 1}),
    ('renorm-over-chosen', 'mixed', '--capacity 0.8 --strategy gate=renorm,over=chosen',
     {'k': 2, 'capacity': 0.8, 'over': 'chosen'}),
    ('equal', 'equal', '--strategy top-k --top-k 3', {'k': 3}),
    ('equal-experts-choose', 'equal', '--strategy expert-choice', {'k': 2, 'selector': expert_top}),
    ('equal-groups', 'equal', '--strategy deepseek-v3,groups=4,group-top-k=2,k=3', V3),
    ('equal-dropped', 'equal', '--strategy top-k --capacity 1 --overflow lowest-score',
     {'k': 2, 'capacity': 1, 'lowest_score': True}),
    ('one', 'one', '--strategy top-k', {'k': 2}),
    ('one-all', 'one', '--strategy bias-sigmoid --top-k 8', {'k': 8, 'scorer': sigmoid, 'gate': 'score'}),
    ('one-expert-chooses', 'one', '--strategy expert-choice', {'k': 2, 'selector': expert_top}),
]
CASES += [
    ('megatron-probs', 'mixed', '--moe-router-topk 3 --moe-expert-capacity-factor 0.8',
     {'home': megatron, 'topk': 3, 'factor': 0.8}),
    ('megatron-position', 'mixed', '--moe-router-topk 3 --moe-expert-capacity-factor 0.8 --moe-token-drop-policy position',
     {'home': megatron, 'topk': 3, 'factor': 0.8, 'policy': 'position'}),
    ('megatron-pre-softmax', 'mixed', '--moe-router-topk 2 --moe-router-pre-softmax --moe-router-topk-scaling-factor 1.5 '
     '--moe-expert-capacity-factor 0.7', {'home': megatron, 'topk': 2, 'pre_softmax': True, 'scale': 1.5, 'factor': 0.7}),
    ('megatron-groups', 'negative', '--moe-router-score-function sigmoid --moe-router-num-groups 4 --moe-router-group-topk 2 '
     '--moe-router-topk 6 --moe-router-topk-scaling-factor 2.5 --moe-router-enable-expert-bias --bias bias.csv '
     '--moe-expert-capacity-factor 1',
     {'home': megatron, 'topk': 6, 'score': 'sigmoid', 'groups': 4, 'group_topk': 2, 'scale': 2.5, 'bias': BIAS, 'factor': 1}),
    ('transformers-groups', 'negative', '--scoring-func sigmoid --n-group 4 --topk-group 2 --num-experts-per-tok 3 '
     '--norm-topk-prob true --routed-scaling-factor 2.5 --bias bias.csv', {**V3, 'bias': BIAS}),
    ('transformers-raw', 'mixed', '--scoring-func softmax --n-group 4 --topk-group 1 --topk-method group_limited_greedy '
     '--num-experts-per-tok 4 --norm-topk-prob false --routed-scaling-factor 16',
     {'selector': group_top, 'groups': 4, 'group_top_k': 1, 'two_best': False, 'k': 4, 'gate': 'score', 'scale': 16}),
    ('expert-choice-by-sequence', 'mixed', '--strategy expert-choice,group=sequence --seq-length 8',
     {'k': 2, 'selector': expert_top, 'length': 8}),
]

# the losses of a batch: name, logits, arguments, routing, then what the balancers say
LOSSES = [
    ('aux-loss', 'mixed', '--strategy aux-loss', {'k': 2}, lambda s, p, z: [('aux_loss', aux(s, p, len(s)), 0.02)]),
    ('switch', 'mixed', '--strategy switch', {'k': 1, 'gate': 'score', 'capacity': 1.25},
     lambda s, p, z: [('aux_loss', aux(s, p, len(s)), 0.01)]),
    ('mixtral', 'mixed', '--strategy mixtral', {'k': 2},
     lambda s, p, z: [('aux_loss', aux(s, p, len(s), 'scores', 2), 0.02)]),
    ('by-sequence', 'mixed', '--strategy deepseek-v3,groups=4,group-top-k=2,k=3 --bias bias.csv --seq-length 6',
     {**V3, 'bias': BIAS}, lambda s, p, z: [('aux_loss', aux(s, p, 6, 'scores'), 0.0001)]),
    ('st-moe', 'clear', '--strategy st-moe',
     {'k': 2, 'selector': second_by_share, 'second': 0.2, 'over': 'best', 'capacity': 1.25},
     lambda s, p, z: [('aux_loss', aux(s, p, len(s), 'first'), 0.01), ('z_loss', z_loss(z), 0.001)]),
    ('two-of-a-kind', 'mixed', '--strategy top-k --balance aux,weight=0.5+z,weight=0.25+aux,weight=2,scope=sequence '
     '--seq-length 12', {'k': 2}, lambda s, p, z: [('aux_loss', aux(s, p, len(s)) + aux(s, p, 12),
                                                    (0.5 * aux(s, p, len(s)) + 2 * aux(s, p, 12))
                                                    / (aux(s, p, len(s)) + aux(s, p, 12))),
                                                   ('z_loss', z_loss(z), 0.25)]),
    ('megatron-seq-aux', 'mixed', '--moe-router-load-balancing-type seq_aux_loss --moe-aux-loss-coeff 0.01 '
     '--moe-z-loss-coeff 0.001 --moe-router-topk 2 --seq-length 6', {'home': megatron, 'topk': 2},
     lambda s, p, z: [('aux_loss', aux(s, p, 6, 'scores'), 0.01), ('z_loss', z_loss(z), 0.001)]),
    ('megatron-global-aux', 'negative', '--moe-router-load-balancing-type global_aux_loss --moe-aux-loss-coeff 0.01 '
     '--moe-router-score-function sigmoid --moe-router-topk 2 --seq-length 6 --bias bias.csv',
     {'home': megatron, 'topk': 2, 'score': 'sigmoid', 'bias': BIAS},
     lambda s, p, z: [('aux_loss', aux(s, p, len(s), 'scores'), 0.01)]),
    ('remoe', 'mixed', '--strategy remoe', {'k': 2, 'scorer': relu, 'selector': positive, 'gate': 'score'},
     lambda s, p, z: [('l1_loss', l1(s, p, 2), 1e-8)]),
    ('equal', 'equal', '--strategy aux-loss --top-k 3', {'k': 3},
     lambda s, p, z: [('aux_loss', aux(s, p, len(s)), 0.02)]),
]


# ---- files -----------------------------------------------------------------------------------------------------------

def write_csv(path, header, rows):
    with open(path, 'w', newline='') as file:
        out = csv.writer(file, lineterminator='\n')
        out.writerow(header)
        out.writerows(rows)


def write_npy(path, rows, descr, version=1):
    """The format of numpy.lib.format, without NumPy."""
    header = repr({'descr': descr, 'fortran_order': False, 'shape': (len(rows), len(rows[0]))})
    prefix = 10 if version == 1 else 12
    header += ' ' * (-(prefix + len(header) + 1) % 64) + '\n'
    form = {'<f2': '<e', '<f4': '<f', '<f8': '<d'}[descr]
    with open(path, 'wb') as file:
        file.write(b'\x93NUMPY' + bytes([version, 0]) + struct.pack('<H' if version == 1 else '<I', len(header)))
        file.write(header.encode('latin1'))
        for row in rows:
            for value in row:
                file.write(struct.pack(form, value))


def computed(logits, home=route, **options):
    return home(logits, **options)


def main(folder):
    for name, rows in LOGITS.items():
        write_csv(f'{folder}/{name}.csv', [f'e{e}' for e in range(len(rows[0]))], rows)
    write_npy(f'{folder}/mixed.npy', LOGITS['mixed'], '<f4')
    write_npy(f'{folder}/mixed-f8.npy', LOGITS['mixed'], '<f8', version=2)
    write_npy(f'{folder}/equal-f2.npy', LOGITS['equal'], '<f2')
    write_csv(f'{folder}/bias.csv', ['expert', 'bias'], reversed(list(enumerate(BIAS))))
    cases = []
    for name, logits, arguments, options in CASES:
        _, _, lines = computed(LOGITS[logits], **options)
        write_csv(f'{folder}/{name}.wanted', 'token,choice,expert,score,weight,kept'.split(','),
                  [(t, n, e, f'{s:.9f}', f'{w:.9f}', kept) for t, n, e, s, w, kept in lines])
        cases.append((f'{name}.wanted', f'{logits}.csv', arguments))
    for name, logits, arguments, options, losses in LOSSES:
        scores, picks, lines = computed(LOGITS[logits], **options)
        rows = {}
        for column, value, weight in losses(scores, picks, LOGITS[logits]):
            rows[column] = value
            rows[f'{column}_weighted'] = value * weight
        wanted = metrics(scores, picks, lines, LOGITS[logits], rows)
        write_csv(f'{folder}/{name}.metrics', ['metric', 'value'], [(m, f'{v:.9f}') for m, v in wanted.items()])
        cases.append((f'{name}.metrics', f'{logits}.csv', f'{arguments} --metrics'))
    with open(f'{folder}/cases.tsv', 'w') as file:
        for case in cases:
            print(*case, sep='\t', file=file)


if __name__ == '__main__':
    main(sys.argv[1])
