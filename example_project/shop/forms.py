from django import forms

from shop.models import Book


class CheckoutForm(forms.Form):
    """Books from the shop window, and where the confirmation goes."""

    books = forms.ModelMultipleChoiceField(
        Book.objects.none(), widget=forms.CheckboxSelectMultiple, label="In the window today"
    )
    email = forms.EmailField(label="Your address")

    def __init__(self, *args, window, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["books"].queryset = window
