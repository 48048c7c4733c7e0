window.BENCHMARK_DATA = {
    lastUpdate: 1767607200000,
    repoUrl: 'https://github.com/a/b',
    entries: {
        'Cart': [],
    },
};
