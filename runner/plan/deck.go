package plan

import "math/bits"

// deck deals items by weight: tasks to users and arrivals, and behaviours to arrivals. It holds each item as often as
// its weight says, shuffled anew for each pass. So any stretch of a load has nearly the asked mix, and two
// systems that are loaded in turn get nearly equal work. With independent draws, chance alone makes the mixes of two
// short stretches differ by several per cent (docs/verdict.md).
//
// A card is a function of the seed and its place, so shards split a deck and nobody keeps one. Users begin at
// different places of the same deck: where each does only a few tasks, all of them together still have the mix.
type deck struct {
	key  uint64
	unit int // the greatest common divisor of the weights
}

// deck is the plan's i-th deck: 0 for behaviours, 1 + i for the tasks of behaviour i.
func (p *Plan) deck(i, unit int) deck {
	return deck{p.stream(Decks) ^ mix(uint64(i)), max(unit, 1)}
}

// begin is where a user begins. Multiples of the golden ratio spread any number of users evenly.
func (d deck) begin(index, cards int) int {
	at, _ := bits.Mul64(uint64(index)*golden, uint64(cards/d.unit))
	return int(at)
}

// draw deals the card at a place. It returns the item, and how many cards of the item come before this one: in passes
// before it, and in an order of its own within the pass.
func draw[T any](d deck, items []T, place int, weight func(*T) int) (item, before int) {
	if len(items) == 1 {
		return 0, place
	}
	cards := 0
	for i := range items {
		cards += weight(&items[i])
	}
	cards /= d.unit
	pass := place / cards
	card := shuffled(d.key^mix(uint64(pass)), place%cards, cards)
	for i := range items {
		of := weight(&items[i]) / d.unit
		if card < of {
			return i, pass*of + card
		}
		card -= of
	}
	panic("plan: weights do not add up")
}

// shuffled is the card at a place of n shuffled cards. It is the swap-or-not shuffle, which needs no memory: in each
// round a coin decides for a card and its partner whether they swap (Hoang, Morris and Rogaway, "An Enciphering
// Scheme Based on a Card Shuffle", CRYPTO 2012). There the rounds are many, against attackers; these are enough
// for chance.
func shuffled(key uint64, at, n int) int {
	for range 2*bits.Len(uint(n)) + 4 {
		key = mix(key)
		turn, _ := bits.Mul64(key, uint64(n))
		partner := int(turn) - at
		if partner < 0 {
			partner += n
		}
		if mix(key^uint64(max(at, partner)))&1 == 1 {
			at = partner
		}
	}
	return at
}

// unitOf is the greatest common divisor of weights.
func unitOf[T any](items []T, weight func(*T) int) (unit int) {
	for i := range items {
		for a := weight(&items[i]); a != 0; {
			unit, a = a, unit%a
		}
	}
	return unit
}

// cards is the sum of the weights of the tasks.
func (b *Behaviour) cards() (sum int) {
	for i := range b.Tasks {
		sum += b.Tasks[i].Weight
	}
	return sum
}
