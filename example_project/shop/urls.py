from django.urls import path

from shop import views

app_name = "shop"
urlpatterns = [
    path("", views.front, name="front"),
    path("books/", views.browse, name="browse"),
    path("checkout/", views.checkout, name="checkout"),
    path("quote/", views.quote, name="quote"),
    path("staff-picks/", views.staff_picks, name="staff_picks"),
    path("delete-author/", views.delete_author, name="delete_author"),
    path("import/", views.import_books, name="import_books"),
    path("offers/", views.offers, name="offers"),
    path("export/", views.export, name="export"),
    path("quiet/", views.quiet, name="quiet"),
    path("stock-take/", views.stock_take, name="stock_take"),
]
