package plan

import (
	"testing"

	"pgregory.net/rapid"
)

// A shuffle is a permutation, whatever the number of cards.
func TestShuffleHoldsEachCardOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, key := rapid.IntRange(1, 300).Draw(rt, "cards"), rapid.Uint64().Draw(rt, "key")
		seen := make([]bool, n)
		for at := range n {
			card := shuffled(key, at, n)
			if card < 0 || card >= n || seen[card] {
				rt.Fatalf("place %d of %d has card %d, which another place has too", at, n, card)
			}
			seen[card] = true
		}
	})
}

// Over many keys each card is at each place equally often, and so is each pair of cards at the first two places.
// χ² stays below its 99.99 % quantile, by the approximation of Wilson and Hilferty.
func TestShuffleIsFair(t *testing.T) {
	const shuffles = 40_000
	for _, c := range []struct {
		cards int
		limit float64 // for the pairs, with cards·(cards-1)-1 degrees of freedom; the places have fewer
	}{{2, 15.2}, {3, 25.8}, {10, 142.2}} {
		places, pairs := make([]float64, c.cards*c.cards), make([]float64, c.cards*c.cards)
		for key := range shuffles {
			first := shuffled(mix(uint64(key)), 0, c.cards)
			second := shuffled(mix(uint64(key)), 1, c.cards)
			pairs[first*c.cards+second]++
			for at := range c.cards {
				places[at*c.cards+shuffled(mix(uint64(key)), at, c.cards)]++
			}
		}
		chi := func(counts []float64, cells int) (sum float64) {
			want := 0.0
			for _, n := range counts {
				want += n / float64(cells)
			}
			for _, n := range counts {
				if n > 0 {
					sum += (n - want) * (n - want) / want
				}
			}
			return sum
		}
		if got := chi(places, c.cards*c.cards); got > c.limit {
			t.Errorf("%d cards: χ² of places is %.1f, more than %.1f", c.cards, got, c.limit)
		}
		if got := chi(pairs, c.cards*(c.cards-1)); got > c.limit {
			t.Errorf("%d cards: χ² of pairs is %.1f, more than %.1f", c.cards, got, c.limit)
		}
	}
}
