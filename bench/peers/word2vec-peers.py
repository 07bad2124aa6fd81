"""
Trains skip-gram with five negatives by gensim or fastText, for bench/train.ts.

    python3 word2vec-peers.py gensim|fastText SENTENCES DIMENSIONS WINDOW THREADS EPOCHS

Prints one line: the seconds by the clock and of processor time that EPOCHS epochs took. Reading the sentences and
building the vocabulary does not count: gensim is timed around `train`, fastText by a run of one epoch more and one less.
"""
import os
import subprocess
import sys
import time

name, sentences, dimensions, window, threads, epochs = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])


def gensim():
    from gensim.models import Word2Vec

    with open(sentences) as file:
        lines = [line.split() for line in file]
    model = Word2Vec(sg=1, negative=5, sample=0, min_count=1, seed=7, window=window, vector_size=dimensions, workers=threads)
    model.build_vocab(lines)
    start, processor = time.perf_counter(), time.process_time()
    model.train(lines, total_examples=len(lines), epochs=epochs)
    return time.perf_counter() - start, time.process_time() - processor


def fasttext_run(count):
    start, processor = time.perf_counter(), children()
    output = f"{sentences}.out"
    command = ["fasttext", "skipgram", "-input", sentences, "-output", output, "-dim", dimensions, "-ws", window, "-neg", 5]
    command += ["-epoch", count, "-thread", threads, "-minCount", 1, "-minn", 0, "-maxn", 0, "-t", 1]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for ending in (".bin", ".vec"):
        os.remove(output + ending)
    return time.perf_counter() - start, children() - processor


def children():
    times = os.times()
    return times.children_user + times.children_system


def fasttext():
    (more, processor_more), (less, processor_less) = fasttext_run(epochs + 1), fasttext_run(1)
    return more - less, processor_more - processor_less


print(*(gensim() if name == "gensim" else fasttext()))
