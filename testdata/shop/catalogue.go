package shop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// product is one thing for sale. A search reads the lower-case texts.
type product struct {
	ID          int     `json:"id"`
	SKU         string  `json:"sku"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Price       float64 `json:"price"`
	Stock       int     `json:"stock"`

	lowerName, lowerText string
}

// cents is the price in cents.
func (p *product) cents() int { return int(math.Round(p.Price * 100)) }

// number is the ID as a text.
func (p *product) number() string { return strconv.Itoa(p.ID) }

// kind is the last word of the name, such as boots.
func (p *product) kind() string { return p.Name[strings.LastIndexByte(p.Name, ' ')+1:] }

var (
	adjectives = strings.Fields("light warm sturdy quiet bright folding waterproof woollen spare long short heavy old new blue red green")
	things     = strings.Fields("boots tent stove lamp rope jacket bottle map compass knife blanket bag mat pan cup hat gloves filter torch axe")
	phrases    = strings.Fields("for the hills by the sea after rain in winter made to last with care packed small carried far used daily kept dry never lost often lent")
)

// newCatalogue makes products; the same seed makes the same ones.
func newCatalogue(seed uint64, n int) []product {
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(words []string) string { return words[random.IntN(len(words))] }
	catalogue := make([]product, n)
	for i := range catalogue {
		text := make([]string, 40)
		for j := range text {
			text[j] = pick(phrases)
		}
		text[random.IntN(len(text))] = pick(things)
		p := product{
			ID: i + 1, SKU: fmt.Sprintf("SKU-%d", i+1),
			Name:        pick(adjectives) + " " + pick(adjectives) + " " + pick(things),
			Description: strings.Join(text, " "),
			Price:       float64(random.IntN(20_000)) / 100,
			Stock:       random.IntN(500),
		}
		p.lowerName, p.lowerText = strings.ToLower(p.Name), strings.ToLower(p.Description)
		catalogue[i] = p
	}
	return catalogue
}
